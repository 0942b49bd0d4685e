//! Every request of the crate `postmark`, each against a platform that is filled as seed.py says.

use std::env;
use std::fmt::Debug;

use postmark::api::bounce::*;
use postmark::api::bulk::*;
use postmark::api::data_removal::*;
use postmark::api::domains::*;
use postmark::api::email::*;
use postmark::api::message_streams::*;
use postmark::api::messages::*;
use postmark::api::server::*;
use postmark::api::signatures::*;
use postmark::api::stats::*;
use postmark::api::templates::*;
use postmark::api::triggers::*;
use postmark::api::webhooks::*;
use postmark::api::Body;
use postmark::reqwest::PostmarkClient;
use postmark::{Endpoint, Query};
use serde_json::json;

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Sends a request and prints a line: whether what came back is as it should be. What came back, if it is.
async fn asked<E>(
    client: &PostmarkClient,
    name: &str,
    request: E,
    judge: fn(&E::Response) -> bool,
) -> Option<E::Response>
where
    E: Endpoint + Send + Sync,
    E::Response: Debug,
{
    let problem = match request.execute(client).await {
        Ok(answer) if judge(&answer) => {
            println!("ok   {name}");
            return Some(answer);
        }
        Ok(answer) => format!("not as expected: {answer:?}"),
        Err(problem) => format!("{problem:?}"),
    };
    println!("FAIL {name}: {}", problem.split_whitespace().collect::<Vec<_>>().join(" "));
    None
}

macro_rules! ask {
    ($client:expr, $name:ident { $($field:ident: $value:expr),* $(,)? }, $judge:expr) => {
        asked($client, stringify!($name), $name::builder()$(.$field($value))*.build(), $judge).await
    };
    ($client:expr, $name:ident = $request:expr, $judge:expr) => {
        asked($client, stringify!($name), $request, $judge).await
    };
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let client = PostmarkClient::builder()
        .base_url(setting("BASE_URL"))
        .server_token(setting("SERVER_API_TOKEN"))
        .account_token(setting("ACCOUNT_API_TOKEN"))
        .build();
    sending(&client).await;
    reading(&client).await;
    bounces(&client).await;
    templates(&client).await;
    servers(&client).await;
    streams(&client).await;
    rest(&client).await;
    domains(&client).await;
    senders(&client).await;
    statistics(&client).await;
}

fn bulk_message(to: String) -> BulkMessage {
    BulkMessage { to, cc: None, bcc: None, template_model: None, metadata: None, headers: None }
}

async fn sending(client: &PostmarkClient) {
    let (from, to) = (setting("SENDER_EMAIL_ADDRESS"), setting("RECIPIENT_EMAIL_ADDRESS"));
    ask!(client, SendEmailRequest {
        from: from.clone(), to: to.clone(), subject: "Rust", body: Body::text("Hello".into()),
    }, |a| a.error_code == 0 && a.message == "OK" && a.message_id.as_ref().unwrap().len() == 36);
    let mail = SendEmailRequest::builder().from(from.clone()).to(to.clone()).body(Body::text("Hello".into()));
    ask!(client, SendEmailBatchRequest = vec![mail.build()], |a| a.len() == 1 && a[0].error_code == 0);
    let bulk = ask!(client, SendBulkEmailRequest {
        from: from.clone(), subject: "Rust", text_body: "Hello", message_stream: "broadcast",
        messages: vec![bulk_message(to.clone())],
    }, |a| a.id.is_some() && a.status.as_deref() == Some("Accepted"));
    if let Some(id) = bulk.and_then(|request| request.id) {
        ask!(client, GetBulkStatusRequest = GetBulkStatusRequest { bulk_request_id: id }, |a| a.total_messages == 1);
    }
    let mut model = TemplateModel::default();
    model.insert("name", "Ann");
    ask!(client, SendEmailWithTemplateRequest {
        from: from.clone(), to: to.clone(), template_alias: "greeting", template_model: model.clone(),
    }, |a| a.error_code == 0);
}

async fn reading(client: &PostmarkClient) {
    let found = ask!(client, OutboundSearchRequest { count: 3, offset: 0, tag: "test_tag".into() },
        |a| a.messages.len() == 3 && a.total_count >= 20);
    if let Some(page) = found {
        let id = page.messages[0].message_id.clone();
        ask!(client, OutboundDetailsRequest = OutboundDetailsRequest::new(id.clone()), |a| a.subject.is_some());
        ask!(client, OutboundDumpRequest = OutboundDumpRequest::new(id), |a| a.body.len() > 100);
    }
    let opens = ask!(client, MessageOpensRequest { count: 2, offset: 0 }, |a| a.opens.len() == 2);
    if let Some(page) = opens {
        ask!(client, SingleMessageOpensRequest {
            message_id: page.opens[0].message_id.clone(), count: 5, offset: 0,
        }, |a| a.total_count == 1);
    }
    let clicks = ask!(client, MessageClicksRequest { count: 2, offset: 0 },
        |a| a.clicks.len() == 2 && a.clicks[0].original_link.is_some());
    if let Some(page) = clicks {
        ask!(client, SingleMessageClicksRequest {
            message_id: page.clicks[0].message_id.clone(), count: 5, offset: 0,
        }, |a| a.total_count == 1);
    }
    let inbound = ask!(client, InboundSearchRequest { count: 50, offset: 0 }, |a| a.total_count >= 10);
    if let Some(page) = inbound {
        let id = page.messages[0].message_id.clone();
        ask!(client, InboundDetailsRequest = InboundDetailsRequest::new(id), |a| a.from.is_some());
    }
}

async fn bounces(client: &PostmarkClient) {
    ask!(client, GetDeliveryStatsRequest = GetDeliveryStatsRequest {}, |a| a.inactive_mails > 0 && a.bounces[0].name == "All");
    ask!(client, ListBouncesWithFiltersRequest { count: 5, offset: 0, r#type: "HardBounce".into() },
        |a| a.total_count == 3);
    let found = ask!(client, ListBouncesRequest { count: 50, offset: 0 }, |a| a.total_count >= 5);
    let hard = found.and_then(|page| page.bounces.into_iter().find(|b| b.bounce_type == "HardBounce"));
    if let Some(bounce) = hard {
        ask!(client, GetBounceRequest { bounce_id: bounce.id }, |a| a.inactive && a.can_activate);
        ask!(client, GetBounceDumpRequest { bounce_id: bounce.id }, |a| !a.body.is_empty());
        ask!(client, ActivateBounceRequest { bounce_id: bounce.id }, |a| !a.bounce.inactive);
    }
}

async fn templates(client: &PostmarkClient) {
    let made = ask!(client, CreateTemplateRequest {
        name: "Rust", alias: "rust", subject: "Hi {{name}}", body: Body::text("Hello {{name}}".into()),
    }, |a| a.active && a.alias.as_deref() == Some("rust"));
    ask!(client, ListTemplatesRequest { count: 50, offset: 0 }, |a| a.total_count >= 4);
    ask!(client, ValidateTemplateRequest {
        subject: "{{a}}", html_body: "<b>{{a}}</b>", text_body: "{{a}}", test_render_model: json!({"a": "b"}),
    }, |a| a.all_content_is_valid && a.text_body.rendered_content == "b");
    if let Some(template) = made {
        let id = template.template_id;
        ask!(client, GetTemplateRequest { id: id }, |a| a.subject == "Hi {{name}}");
        ask!(client, EditTemplateRequest {
            id: id, name: "Rusty", subject: "Hi", body: Body::text("Hello".into()),
        }, |a| a.name == "Rusty");
        ask!(client, DeleteTemplateRequest { id: id }, |a| a.error_code == 0);
    }
}

async fn servers(client: &PostmarkClient) {
    let current = ask!(client, GetCurrentServerRequest {}, |a| a.api_tokens.len() == 1);
    ask!(client, EditServerRequest { color: ServerColor::Green }, |a| a.smtp_api_activated);
    ask!(client, ListServersRequest { count: 10, offset: 0 }, |a| a.total_count >= 2);
    let made = ask!(client, CreateServerRequest { name: "Rust", delivery_type: DeliveryType::Sandbox },
        |a| a.name == "Rust" && a.smtp_api_activated);
    if let (Some(current), Some(made)) = (current, made) {
        ask!(client, GetServerRequest { server_id: made.id }, |a| a.name == "Rust");
        ask!(client, EditServerByIdRequest { server_id: made.id, name: "Rusty" }, |a| a.name == "Rusty");
        ask!(client, CopyTemplatesRequest {
            source_server_id: current.id, destination_server_id: made.id,
        }, |a| a.total_count == 3);
        ask!(client, DeleteServerRequest { server_id: made.id }, |a| a.error_code == 0);
    }
}

async fn streams(client: &PostmarkClient) {
    let news = || StreamIdOrName::StreamId("rust-news".into());
    ask!(client, CreateMessageStreamRequest {
        id: "rust-news".into(), name: "News".into(), message_stream_type: MessageStreamType::Broadcasts,
    }, |a| a.updated_at.is_none() && a.archived_at.is_none());
    ask!(client, GetMessageStreamRequest { stream_id: news() }, |a| a.name == "News");
    ask!(client, EditMessageStreamRequest { stream_id: news(), name: "More" }, |a| a.name == "More");
    ask!(client, ListMessageStreamsRequest {}, |a| a.total_count == 4);
    ask!(client, ArchiveMessageStreamRequest { stream_id: news() }, |a| a.id == "rust-news");
    ask!(client, UnarchiveMessageStreamRequest { stream_id: news() }, |a| a.archived_at.is_none());
    let people = || vec![Emails { email_address: "rust@elsewhere.example".into() }];
    ask!(client, CreateSuppressionRequest { stream_id: news(), suppressions: people() },
        |a| a.suppressions[0].status == SuppressionCreateStatusType::Suppressed);
    ask!(client, GetSuppressionRequest { stream_id: news() }, |a| a.suppressions.len() == 1);
    ask!(client, DeleteSuppressionRequest { stream_id: news(), suppressions: people() },
        |a| a.suppressions[0].status == SuppressionStatusType::Deleted);
}

async fn rest(client: &PostmarkClient) {
    let rule = ask!(client, CreateInboundRuleTriggerRequest { rule: "rust.example".into() },
        |a| a.rule == "rust.example");
    ask!(client, ListInboundRuleTriggersRequest {}, |a| a.total_count == 1);
    if let Some(rule) = rule {
        ask!(client, DeleteInboundRuleTriggerRequest { trigger_id: rule.trigger_id }, |a| a.error_code == 0);
    }
    let hook = ask!(client, CreateWebhookRequest {
        url: "https://app.elsewhere.example/rust", message_stream: "outbound".into(),
        triggers: Triggers { subscription_change: SubscriptionChangeTriggerConfig { enabled: true } },
    }, |a| a.triggers.subscription_change.enabled);
    ask!(client, ListWebhooksRequest { message_stream: "outbound" }, |a| a.webhooks.len() == 1);
    if let Some(hook) = hook {
        let id = hook.webhook_id;
        ask!(client, GetWebhookRequest { webhook_id: id }, |a| a.triggers.subscription_change.enabled);
        ask!(client, EditWebhookRequest { webhook_id: id, url: "https://app.elsewhere.example/rusty" },
            |a| a.url.ends_with("rusty") && a.triggers.subscription_change.enabled);
        ask!(client, DeleteWebhookRequest { webhook_id: id }, |a| a.error_code == 0);
    }
    let removal = ask!(client, CreateDataRemovalRequest {
        requested_by: setting("SENDER_EMAIL_ADDRESS"), requested_for: "gone@elsewhere.example".into(),
        notify_when_completed: false,
    }, |a| a.status == "Pending");
    if let Some(removal) = removal {
        ask!(client, GetDataRemovalStatusRequest { data_removal_id: removal.id }, |a| !a.status.is_empty());
    }
}

async fn domains(client: &PostmarkClient) {
    let name = format!("rust.{}", setting("DOMAIN_NAME"));
    let made = ask!(client, CreateDomainRequest { name: name.clone() }, |a| a.name.starts_with("rust."));
    ask!(client, ListDomainsRequest {}, |a| a.total_count >= 2);
    if let Some(domain) = made {
        let id = domain.id;
        ask!(client, GetDomainRequest { domain_id: id }, |a| a.name.starts_with("rust."));
        ask!(client, EditDomainRequest { domain_id: id, return_path_domain: format!("pm.{name}") },
            |a| a.return_path_domain.starts_with("pm."));
        ask!(client, VerifyDkimRequest { domain_id: id }, |a| a.name.starts_with("rust."));
        ask!(client, VerifyReturnPathRequest { domain_id: id }, |a| a.name.starts_with("rust."));
        ask!(client, VerifySpfRequest { domain_id: id }, |a| a.spf_verified);
        ask!(client, DeleteDomainRequest { domain_id: id }, |a| a.error_code == 0);
    }
}

async fn senders(client: &PostmarkClient) {
    let made = ask!(client, CreateSignatureRequest {
        from_email: format!("rust@{}", setting("DOMAIN_NAME")), name: "Rust".into(),
    }, |a| !a.confirmed);
    ask!(client, ListSignaturesRequest {}, |a| a.total_count >= 2);
    if let Some(sender) = made {
        let id = sender.id;
        ask!(client, GetSignatureRequest { signature_id: id }, |a| a.name == "Rust");
        ask!(client, EditSignatureRequest { signature_id: id, name: "Rusty".into() }, |a| a.name == "Rusty");
        ask!(client, ResendSignatureConfirmationRequest { signature_id: id }, |a| a.error_code == 0);
        ask!(client, VerifySignatureSpfRequest { signature_id: id }, |a| a.spf_verified == Some(true));
        ask!(client, DeleteSignatureRequest { signature_id: id }, |a| a.error_code == 0);
    }
}

async fn statistics(client: &PostmarkClient) {
    ask!(client, GetOutboundOverviewRequest {}, |a| a.sent > 60 && a.unique_opens > 0);
    ask!(client, GetSentCountsRequest {}, |a| a.sent > 60);
    ask!(client, GetBounceCountsRequest {}, |a| a.hard_bounce == 3 && a.soft_bounce == 1);
    ask!(client, GetSpamComplaintsRequest {}, |a| a.spam_complaint == 1);
    ask!(client, GetTrackedEmailCountsRequest {}, |a| a.tracked > 60);
    ask!(client, GetEmailOpenCountsRequest {}, |a| a.opens > 10);
    ask!(client, GetEmailPlatformUsageRequest {}, |a| a.desktop > 10);
    ask!(client, GetEmailClientUsageRequest {}, |a| !a.days.is_empty());
    ask!(client, GetClickCountsRequest {}, |a| a.clicks > 5);
    ask!(client, GetBrowserUsageRequest {}, |a| !a.days.is_empty());
    ask!(client, GetBrowserPlatformUsageRequest {}, |a| a.desktop > 5);
    ask!(client, GetClickLocationRequest {}, |a| a.html > 5);
}
