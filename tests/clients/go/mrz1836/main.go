// Every call of github.com/mrz1836/postmark.
package main

import (
	"context"
	"fmt"

	"github.com/mrz1836/postmark"
	. "pillarbox.example/clients/sweep"
)

const nobody = "00000000-0000-4000-8000-000000000000"

type options = map[string]interface{}

var (
	ctx    = context.Background()
	client = postmark.NewClient(ServerToken, AccountToken)
)

func mail(subject string) postmark.Email {
	return postmark.Email{
		From:     Sender,
		To:       Recipient,
		Subject:  subject,
		TextBody: "Hello",
		HTMLBody: "<p>Hello</p>",
	}
}

func main() {
	client.BaseURL = URL
	sending()
	reading()
	inbound()
	bounces()
	templates()
	streams()
	suppressions()
	webhooks()
	servers()
	domains()
	senders()
	statistics()
	Finish(client)
}

func sending() {
	Check("SendEmail", func() {
		sent, err := client.SendEmail(ctx, mail("One"))
		Must(err)
		Holds(sent.Message == "OK" && len(sent.MessageID) == 36 && sent.To == Recipient, sent)
		Holds(!sent.SubmittedAt.IsZero(), sent)
		bad := mail("One")
		bad.To = "@postmarkapp.com"
		_, err = client.SendEmail(ctx, bad)
		Refused(err, "Invalid 'To' address: '@postmarkapp.com'.")
	})
	Check("SendEmailBatch", func() {
		bad := mail("Three")
		bad.HTMLBody, bad.TextBody = "", ""
		sent, err := client.SendEmailBatch(ctx, []postmark.Email{mail("Two"), bad})
		Must(err)
		Holds(len(sent) == 2 && sent[0].ErrorCode == 0 && sent[1].ErrorCode == 300, sent)
	})
}

func reading() {
	var whole string
	Check("GetOutboundMessages", func() {
		found, total, err := client.GetOutboundMessages(ctx, 3, 0, options{"tag": "test_tag"})
		Must(err)
		Holds(len(found) == 3 && total >= 20 && found[0].Tag == "test_tag", found, total)
		whole = found[0].MessageID
	})
	Check("GetOutboundMessage", func() {
		found, err := client.GetOutboundMessage(ctx, whole)
		Must(err)
		Holds(found.MessageID == whole && found.TextBody != "" && len(found.MessageEvents) > 0, found)
		Holds(found.From != "" && len(found.To) == 1 && !found.ReceivedAt.IsZero(), found)
		_, err = client.GetOutboundMessage(ctx, nobody)
		Refused(err, "This message was not found.")
	})
	Check("GetOutboundMessageDump", func() {
		dump, err := client.GetOutboundMessageDump(ctx, whole)
		Must(err)
		Holds(len(dump) > 100, dump)
	})
	Check("GetOutboundMessagesOpens", func() {
		found, total, err := client.GetOutboundMessagesOpens(ctx, 2, 0, options{})
		Must(err)
		Holds(len(found) == 2 && total >= 10, found, total)
		Holds(found[0].Client["Name"] != "" && found[0].Geo["City"] != "", found[0])
		whole = found[0].MessageID
	})
	Check("GetOutboundMessageOpens", func() {
		found, total, err := client.GetOutboundMessageOpens(ctx, whole, 5, 0)
		Must(err)
		Holds(total == 1 && found[0].MessageID == whole, found, total)
	})
}

func inbound() {
	var all []postmark.InboundMessage
	Check("GetInboundMessages", func() {
		found, total, err := client.GetInboundMessages(ctx, 100, 0, options{})
		Must(err)
		Holds(total >= 10 && int(total) == len(found), total, len(found))
		all = found
	})
	Check("GetInboundMessage", func() {
		found, err := client.GetInboundMessage(ctx, all[0].MessageID)
		Must(err)
		Holds(found.Subject == all[0].Subject && found.TextBody != "" && found.MailboxHash != "", found)
	})
	// First, as a message that bypasses its block fails: no hook is set.
	Check("RetryInboundMessage", func() {
		Must(client.RetryInboundMessage(ctx, Only("/messages/inbound?count=9&offset=0&status=failed")))
		Refused(client.RetryInboundMessage(ctx, nobody), "cannot be retried")
	})
	Check("BypassInboundMessage", func() {
		Must(client.BypassInboundMessage(ctx, Only("/messages/inbound?count=9&offset=0&status=blocked")))
		Refused(client.BypassInboundMessage(ctx, nobody), "cannot be bypassed")
	})
}

func bounces() {
	var hard postmark.Bounce
	Check("GetDeliveryStats", func() {
		stats, err := client.GetDeliveryStats(ctx)
		Must(err)
		Holds(stats.InactiveMails > 0 && stats.Bounces[0].Name == "All", stats)
	})
	Check("GetBounces", func() {
		found, total, err := client.GetBounces(ctx, 10, 0, options{"type": "HardBounce", "inactive": true})
		Must(err)
		Holds(total >= 1 && found[0].Type == "HardBounce" && found[0].Inactive, found)
		hard = found[0]
		none, total, err := client.GetBounces(ctx, 10, 0, options{"emailFilter": "nobody@nowhere.example"})
		Must(err)
		Holds(total == 0 && len(none) == 0, none)
	})
	Check("GetBounce", func() {
		found, err := client.GetBounce(ctx, hard.ID)
		Must(err)
		Holds(found.Email == hard.Email && found.DumpAvailable && found.CanActivate, found)
	})
	Check("GetBounceDump", func() {
		dump, err := client.GetBounceDump(ctx, hard.ID)
		Must(err)
		Holds(dump != "", dump)
	})
	Check("GetBouncedTags", func() {
		tags, err := client.GetBouncedTags(ctx)
		Must(err)
		Holds(len(tags) == 1 && tags[0] == "test_tag", tags)
	})
	Check("ActivateBounce", func() {
		found, text, err := client.ActivateBounce(ctx, hard.ID)
		Must(err)
		Holds(found.ID == hard.ID && !found.Inactive && text != "", found, text)
	})
}

func templates() {
	var made postmark.TemplateInfo
	Check("CreateTemplate", func() {
		var err error
		made, err = client.CreateTemplate(ctx, postmark.Template{
			Name: "Go", Subject: "Hi {{name}}", TextBody: "Hello {{name}}", HTMLBody: "<p>{{name}}</p>",
			AssociatedServerID: 1, Active: true,
		})
		Must(err)
		Holds(made.TemplateID > 0 && made.Active && made.Name == "Go", made)
	})
	number := fmt.Sprint(made.TemplateID)
	Check("GetTemplate", func() {
		found, err := client.GetTemplate(ctx, number)
		Must(err)
		Holds(found.Subject == "Hi {{name}}" && found.AssociatedServerID > 0, found)
		found, err = client.GetTemplate(ctx, "greeting")
		Must(err)
		Holds(found.TemplateID > 0, found)
	})
	Check("GetTemplates", func() {
		found, total, err := client.GetTemplates(ctx, 2, 0)
		Must(err)
		Holds(len(found) == 2 && total >= 4, found, total)
	})
	Check("EditTemplate", func() {
		edited, err := client.EditTemplate(ctx, number, postmark.Template{
			Name: "Go on", Subject: "Hi {{name}}", TextBody: "€ Ä {{name}}", HTMLBody: "<p>{{name}}</p>",
		})
		Must(err)
		Holds(edited.Name == "Go on" && edited.TemplateID == made.TemplateID, edited)
	})
	Check("ValidateTemplate", func() {
		found, err := client.ValidateTemplate(ctx, postmark.ValidateTemplateBody{
			Subject: "{{#company}}{{name}}{{/company}}", TextBody: "{{address}}", HTMLBody: "<b>{{name}}</b>",
			TestRenderModel: options{"name": "Ann"}, InlineCSSForHTMLTestRender: true,
		})
		Must(err)
		Holds(found.AllContentIsValid && found.HTMLBody.ContentIsValid, found)
		Holds(found.SuggestedTemplateModel["address"] == "address_Value", found.SuggestedTemplateModel)
	})
	templated := postmark.TemplatedEmail{
		TemplateID: made.TemplateID, TemplateModel: options{"name": "Ann"}, InlineCSS: true,
		From: Sender, To: Recipient, Metadata: options{"a": "b"},
	}
	Check("SendTemplatedEmail", func() {
		sent, err := client.SendTemplatedEmail(ctx, templated)
		Must(err)
		Soon(func() bool {
			found, err := client.GetOutboundMessage(ctx, sent.MessageID)
			return err == nil && found.Subject == "Hi Ann" && found.TextBody == "€ Ä Ann"
		})
	})
	Check("SendTemplatedEmailBatch", func() {
		other := templated
		other.TemplateID, other.TemplateAlias = 0, "nowhere"
		sent, err := client.SendTemplatedEmailBatch(ctx, []postmark.TemplatedEmail{templated, other})
		Must(err)
		Holds(len(sent) == 2 && sent[0].ErrorCode == 0 && sent[1].ErrorCode == 1101, sent)
	})
	Check("DeleteTemplate", func() {
		Must(client.DeleteTemplate(ctx, number))
		Refused(client.DeleteTemplate(ctx, number), "not valid or was not found")
	})
}

func streams() {
	text := "News of the house"
	Check("CreateMessageStream", func() {
		made, err := client.CreateMessageStream(ctx, postmark.CreateMessageStreamRequest{
			ID: "go-news", Name: "News", Description: &text,
			MessageStreamType: postmark.BroadcastMessageStreamType,
		})
		Must(err)
		Holds(made.ID == "go-news" && made.ServerID > 0 && *made.Description == text, made)
		Holds(made.UpdatedAt == nil && made.ArchivedAt == nil && made.CreatedAt != "", made)
	})
	Check("GetMessageStream", func() {
		found, err := client.GetMessageStream(ctx, "go-news")
		Must(err)
		Holds(found.MessageStreamType == postmark.BroadcastMessageStreamType, found)
		_, err = client.GetMessageStream(ctx, "nowhere")
		Refused(err, "The message stream for the provided 'ID' was not found.")
	})
	Check("EditMessageStream", func() {
		edited, err := client.EditMessageStream(ctx, "go-news", postmark.EditMessageStreamRequest{
			Name: "More news",
			SubscriptionManagementConfiguration: postmark.MessageStreamSubscriptionManagementConfiguration{
				UnsubscribeHandlingType: postmark.CustomUnsubscribeHandlingType,
			},
		})
		Must(err)
		Holds(edited.Name == "More news" && *edited.Description == text && edited.UpdatedAt != nil, edited)
	})
	Check("ArchiveMessageStream", func() {
		gone, err := client.ArchiveMessageStream(ctx, "go-news")
		Must(err)
		Holds(gone.ID == "go-news" && gone.ExpectedPurgeDate != "", gone)
	})
	Check("ListMessageStreams", func() {
		active, err := client.ListMessageStreams(ctx, "all", false)
		Must(err)
		whole, err := client.ListMessageStreams(ctx, "all", true)
		Must(err)
		Holds(len(whole) == len(active)+1, len(active), len(whole))
		inbound, err := client.ListMessageStreams(ctx, "Inbound", false)
		Must(err)
		Holds(len(inbound) == 1, inbound)
	})
	Check("UnarchiveMessageStream", func() {
		back, err := client.UnarchiveMessageStream(ctx, "go-news")
		Must(err)
		Holds(back.ArchivedAt == nil, back)
	})
}

func suppressions() {
	people := []postmark.Suppression{{EmailAddress: "go@elsewhere.example"}, {EmailAddress: "nobody"}}
	Check("CreateSuppressions", func() {
		found, err := client.CreateSuppressions(ctx, "outbound", people)
		Must(err)
		Holds(found[0].Status == postmark.SuppressionUpdateStatusSuppressed, found)
		Holds(found[1].Status == postmark.SuppressionUpdateStatusFailed && found[1].Message != "", found)
		barred := mail("Barred")
		barred.To = "go@elsewhere.example"
		_, err = client.SendEmail(ctx, barred)
		Refused(err, "Found inactive addresses: go@elsewhere.example. Inactive")
	})
	Check("GetSuppressions", func() {
		found, err := client.GetSuppressions(ctx, "outbound", options{"EmailAddress": "go@elsewhere.example"})
		Must(err)
		Holds(len(found) == 1 && found[0].Origin == postmark.CustomerOrigin, found)
		Holds(found[0].SuppressionReason == postmark.ManualSuppressionReason && !found[0].CreatedAt.IsZero(), found)
		found, err = client.GetSuppressions(ctx, "outbound", nil)
		Must(err)
		Holds(len(found) > 1, found)
	})
	Check("DeleteSuppressions", func() {
		found, err := client.DeleteSuppressions(ctx, "outbound", people[:1])
		Must(err)
		Holds(found[0].Status == postmark.SuppressionUpdateStatusDeleted, found)
	})
}

func webhooks() {
	var made postmark.Webhook
	Check("CreateWebhook", func() {
		var err error
		made, err = client.CreateWebhook(ctx, postmark.Webhook{
			URL:           "https://app.elsewhere.example/go",
			MessageStream: "outbound",
			HTTPAuth:      &postmark.WebhookHTTPAuth{Username: "me", Password: "secret"},
			HTTPHeaders:   []postmark.Header{{Name: "X-A", Value: "b"}},
			Triggers: postmark.WebhookTrigger{
				Open: postmark.WebhookTriggerOpen{
					WebhookTriggerEnabled: postmark.WebhookTriggerEnabled{Enabled: true}, PostFirstOpenOnly: true,
				},
			},
		})
		Must(err)
		Holds(made.ID > 0 && made.HTTPAuth.Password == "secret" && made.HTTPHeaders[0].Value == "b", made)
		Holds(made.Triggers.Open.Enabled && made.Triggers.Open.PostFirstOpenOnly, made)
		Holds(!made.Triggers.Bounce.Enabled, made)
	})
	Check("GetWebhook", func() {
		found, err := client.GetWebhook(ctx, made.ID)
		Must(err)
		Holds(found.URL == made.URL, found)
	})
	Check("ListWebhooks", func() {
		found, err := client.ListWebhooks(ctx, "outbound")
		Must(err)
		Holds(len(found) == 1 && found[0].ID == made.ID, found)
	})
	Check("EditWebhook", func() {
		changed := made
		changed.URL = "https://app.elsewhere.example/gone"
		changed.Triggers.Bounce.Enabled = true
		edited, err := client.EditWebhook(ctx, made.ID, changed)
		Must(err)
		Holds(edited.URL == changed.URL && edited.Triggers.Bounce.Enabled, edited)
	})
	Check("DeleteWebhook", func() {
		Must(client.DeleteWebhook(ctx, made.ID))
		Refused(client.DeleteWebhook(ctx, made.ID), "The webhook for the provided 'ID' was not found.")
	})
}

func servers() {
	var made postmark.Server
	Check("GetCurrentServer", func() {
		found, err := client.GetCurrentServer(ctx)
		Must(err)
		Holds(found.ID > 1 && found.APITokens[0] == ServerToken && found.InboundAddress != "", found)
	})
	Check("EditCurrentServer", func() {
		before, err := client.GetCurrentServer(ctx)
		Must(err)
		before.Color = "green"
		edited, err := client.EditCurrentServer(ctx, before)
		Must(err)
		Holds(edited.Color == "green" && edited.Name == before.Name, edited)
	})
	Check("CreateServer", func() {
		var err error
		made, err = client.CreateServer(ctx, postmark.ServerCreateRequest{
			Name: "Go", Color: "purple", DeliveryType: "Sandbox", SMTPAPIActivated: true,
		})
		Must(err)
		Holds(made.DeliveryType == "Sandbox" && len(made.APITokens) == 1 && made.Color == "purple", made)
	})
	Check("GetServer", func() {
		found, err := client.GetServer(ctx, made.ID)
		Must(err)
		Holds(found.Name == "Go" && found.SMTPAPIActivated, found)
	})
	Check("GetServers", func() {
		found, err := client.GetServers(ctx, 10, 0, "Go")
		Must(err)
		Holds(found.TotalCount == 1 && found.Servers[0].ID == made.ID, found)
	})
	Check("EditServer", func() {
		edited, err := client.EditServer(ctx, made.ID, postmark.ServerEditRequest{Name: "Gone", TrackOpens: true})
		Must(err)
		Holds(edited.Name == "Gone" && edited.TrackOpens && edited.Color == "purple", edited)
	})
	Check("DeleteServer", func() {
		Must(client.DeleteServer(ctx, made.ID))
		found, err := client.GetServers(ctx, 10, 0, "Gone")
		Must(err)
		Holds(found.TotalCount == 0, found)
	})
}

func domains() {
	var made postmark.DomainDetails
	name := "go." + Domain
	Check("CreateDomain", func() {
		var err error
		made, err = client.CreateDomain(ctx, postmark.DomainCreateRequest{
			Name: name, ReturnPathDomain: "pm." + name,
		})
		Must(err)
		Holds(made.Name == name && made.ReturnPathDomain == "pm."+name && !made.DKIMVerified, made)
		Holds(made.DKIMPendingHost != "" && made.DKIMPendingTextValue != "", made)
		_, err = client.CreateDomain(ctx, postmark.DomainCreateRequest{Name: "thisisntadomain"})
		Refused(err, "Name format is invalid.")
	})
	Check("GetDomain", func() {
		found, err := client.GetDomain(ctx, made.ID)
		Must(err)
		Holds(found == made, found)
	})
	Check("GetDomains", func() {
		found, err := client.GetDomains(ctx, 10, 0)
		Must(err)
		Holds(found.TotalCount >= 2 && found.Domains[0].Name != "", found)
	})
	Check("EditDomain", func() {
		edited, err := client.EditDomain(ctx, made.ID, postmark.DomainEditRequest{})
		Must(err)
		Holds(edited.ReturnPathDomain == "" && edited.ID == made.ID, edited)
	})
	Check("VerifyDKIMStatus", func() {
		found, err := client.VerifyDKIMStatus(ctx, made.ID)
		Must(err)
		Holds(found.ID == made.ID && found.Name == name, found)
	})
	Check("VerifyReturnPath", func() {
		found, err := client.VerifyReturnPath(ctx, made.ID)
		Must(err)
		Holds(found.ID == made.ID && found.Name == name, found)
	})
	Check("RotateDKIM", func() {
		_, err := client.RotateDKIM(ctx, made.ID)
		Refused(err, "This DKIM is already being renewed.")
	})
	Check("DeleteDomain", func() {
		Must(client.DeleteDomain(ctx, made.ID))
		Refused(client.DeleteDomain(ctx, made.ID), "This domain was not found.")
	})
}

func senders() {
	var made postmark.SenderSignatureDetails
	Check("CreateSenderSignature", func() {
		var err error
		made, err = client.CreateSenderSignature(ctx, postmark.SenderSignatureCreateRequest{
			FromEmail: "go@" + Domain, Name: "Go", ReplyToEmail: "reply@" + Domain,
			ConfirmationPersonalNote: "Hello",
		})
		Must(err)
		Holds(made.FromEmail == "go@"+Domain && !made.Confirmed && made.ReplyToEmail == "reply@"+Domain, made)
		Holds(made.ConfirmationPersonalNote == "Hello" && made.Domain == Domain, made)
	})
	Check("GetSenderSignature", func() {
		found, err := client.GetSenderSignature(ctx, made.ID)
		Must(err)
		Holds(found.Name == "Go", found)
	})
	Check("GetSenderSignatures", func() {
		found, err := client.GetSenderSignatures(ctx, 10, 0)
		Must(err)
		Holds(found.TotalCount >= 2 && found.SenderSignatures[0].FromEmail != "", found)
	})
	Check("EditSenderSignature", func() {
		edited, err := client.EditSenderSignature(ctx, made.ID, postmark.SenderSignatureEditRequest{Name: "Went"})
		Must(err)
		Holds(edited.Name == "Went" && edited.FromEmail == made.FromEmail, edited)
	})
	Check("ResendSenderSignatureConfirmation", func() {
		Must(client.ResendSenderSignatureConfirmation(ctx, made.ID))
	})
	Check("DeleteSenderSignature", func() {
		Must(client.DeleteSenderSignature(ctx, made.ID))
		Refused(client.DeleteSenderSignature(ctx, made.ID), "This signature was not found.")
	})
}

func statistics() {
	Check("GetOutboundStats", func() {
		found, err := client.GetOutboundStats(ctx, options{"tag": "test_tag"})
		Must(err)
		Holds(found.Sent > 0 && found.Opens > 0 && found.Tracked > 0 && found.WithClientRecorded > 0, found)
	})
	Check("GetSentCounts", func() {
		found, err := client.GetSentCounts(ctx, options{})
		Must(err)
		sum := int64(0)
		for _, day := range found.Days {
			sum += day.Sent
		}
		Holds(found.Sent > 60 && sum == found.Sent && found.Days[0].Date != "", found)
	})
	Check("GetBounceCounts", func() {
		found, err := client.GetBounceCounts(ctx, options{})
		Must(err)
		Holds(found.HardBounce == 3 && found.SoftBounce == 1, found)
	})
	Check("GetSpamCounts", func() {
		found, err := client.GetSpamCounts(ctx, options{})
		Must(err)
		Holds(found.SpamComplaint == 1, found)
	})
	Check("GetTrackedCounts", func() {
		found, err := client.GetTrackedCounts(ctx, options{})
		Must(err)
		Holds(found.Tracked > 60, found)
	})
	Check("GetOpenCounts", func() {
		found, err := client.GetOpenCounts(ctx, options{})
		Must(err)
		Holds(found.Opens > 10 && found.Unique == found.Opens, found)
	})
	Check("GetPlatformCounts", func() {
		found, err := client.GetPlatformCounts(ctx, options{})
		Must(err)
		Holds(found.Desktop > 0, found)
	})
}
