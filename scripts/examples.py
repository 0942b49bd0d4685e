"""Example bodies and queries of the reference, pasted as they stand by a test against a running server."""

SENDER = "Garden Club <hello@garden-club.example>"
MESSAGE = {"From": SENDER, "To": "ines@orchard.example"}
CONTENT = {
    "Subject": "Your seed order",
    "TextBody": "On its way.",
    "HtmlBody": "<p>On its way.</p>",
}
TEMPLATE = {
    "Name": "Order shipped",
    "Alias": "order-shipped",
    "Subject": "Order {{number}}",
    "TextBody": "Hello {{name}}, order {{number}} is on its way.",
}

BODIES: dict[str, object] = {
    "POST /email": MESSAGE | CONTENT | {"Tag": "order-shipped", "Metadata": {"order": "1187"}},
    "POST /email/batch": [MESSAGE | CONTENT, MESSAGE | CONTENT | {"To": "tom@orchard.example"}],
    "POST /email/withTemplate": MESSAGE
    | {"TemplateAlias": "order-shipped", "TemplateModel": {"name": "Ines", "number": 1187}},
    "POST /email/batchWithTemplates": {
        "Messages": [
            MESSAGE
            | {"TemplateAlias": "order-shipped", "TemplateModel": {"name": "Ines", "number": 1187}}
        ]
    },
    "POST /email/bulk": {
        "From": SENDER,
        "Subject": "News for {{name}}",
        "TextBody": "Hello {{name}}. {{{ pm:unsubscribe }}}",
        "MessageStream": "broadcast",
        "Messages": [{"To": "ines@orchard.example", "TemplateModel": {"name": "Ines"}}],
    },
    "POST /templates": TEMPLATE,
    "PUT /templates/{template}": {"Subject": "Order {{number}} is on its way"},
    "POST /templates/validate": {
        "Subject": "Order {{number}}",
        "TextBody": "Hello {{name}}",
        "TestRenderModel": {"name": "Ines", "number": 1187},
    },
    "PUT /templates/push": {
        "SourceServerID": "$SOURCE_SERVER_ID",
        "DestinationServerID": "$SERVER_ID",
        "PerformChanges": False,
    },
    "PUT /server": {"Color": "green"},
    "POST /servers": {"Name": "Garden shop", "Color": "purple", "DeliveryType": "Sandbox"},
    "PUT /servers/{server_id}": {"TrackOpens": True},
    "POST /message-streams": {
        "ID": "receipts",
        "Name": "Receipts",
        "MessageStreamType": "Transactional",
    },
    "PATCH /message-streams/{stream_id}": {"Description": "One for each order"},
    "PUT /message-streams/{stream_id}": {"Description": "One for each order"},
    "POST /message-streams/{stream_id}/suppressions": {
        "Suppressions": [{"EmailAddress": "gone@orchard.example"}]
    },
    "POST /message-streams/{stream_id}/suppressions/delete": {
        "Suppressions": [{"EmailAddress": "gone@orchard.example"}]
    },
    "POST /webhooks": {
        "Url": "https://shop.example/postmark",
        "MessageStream": "outbound",
        "Triggers": {"Delivery": {"Enabled": True}, "Bounce": {"Enabled": True}},
    },
    "PUT /webhooks/{webhook_id}": {"Triggers": {"Delivery": {"Enabled": False}}},
    "POST /domains": {"Name": "orchard.example"},
    "PUT /domains/{domain_id}": {"ReturnPathDomain": "pm-bounces.orchard.example"},
    "POST /senders": {"FromEmail": "hello@garden-club.test", "Name": "Garden Club"},
    "PUT /senders/{signature_id}": {"Name": "The Garden Club"},
    "POST /triggers/inboundrules": {"Rule": "spammer.example"},
    "POST /triggers/tags": {"MatchName": "order-shipped"},
    "PUT /triggers/tags/{tag_trigger_id}": {"MatchName": "order-shipped", "TrackOpens": True},
    "POST /data-removals": {
        "RequestedBy": "privacy@garden-club.example",
        "RequestedFor": "ines@orchard.example",
        "NotifyWhenCompleted": False,
    },
}

QUERIES = {"count": "50", "offset": "0"}
"""The parameters that an example gives, where an endpoint has them and demands them."""
