// Every call of github.com/keighl/postmark.
package main

import (
	"fmt"

	"github.com/keighl/postmark"
	. "pillarbox.example/clients/sweep"
)

const nobody = "00000000-0000-4000-8000-000000000000"

type options = map[string]interface{}

var (
	client = postmark.NewClient(ServerToken, AccountToken)
)

func mail(subject string) postmark.Email {
	return postmark.Email{
		From:     Sender,
		To:       Recipient,
		Subject:  subject,
		TextBody: "Hello",
		HtmlBody: "<p>Hello</p>",
	}
}

func main() {
	client.BaseURL = URL
	sending()
	reading()
	inbound()
	bounces()
	templates()
	servers()
	senders()
	statistics()
	Finish(client)
}

func sending() {
	Check("SendEmail", func() {
		sent, err := client.SendEmail(mail("One"))
		Must(err)
		Holds(sent.Message == "OK" && len(sent.MessageID) == 36 && sent.To == Recipient, sent)
		Holds(!sent.SubmittedAt.IsZero(), sent)
		bad := mail("One")
		bad.To = "@postmarkapp.com"
		_, err = client.SendEmail(bad)
		Refused(err, "Invalid 'To' address: '@postmarkapp.com'.")
	})
	Check("SendEmailBatch", func() {
		bad := mail("Three")
		bad.HtmlBody, bad.TextBody = "", ""
		sent, err := client.SendEmailBatch([]postmark.Email{mail("Two"), bad})
		Must(err)
		Holds(len(sent) == 2 && sent[0].ErrorCode == 0 && sent[1].ErrorCode == 300, sent)
	})
}

func reading() {
	var whole string
	Check("GetOutboundMessages", func() {
		found, total, err := client.GetOutboundMessages(3, 0, options{"tag": "test_tag"})
		Must(err)
		Holds(len(found) == 3 && total >= 20 && found[0].Tag == "test_tag", found, total)
		whole = found[0].MessageID
	})
	Check("GetOutboundMessage", func() {
		found, err := client.GetOutboundMessage(whole)
		Must(err)
		Holds(found.MessageID == whole && found.TextBody != "" && len(found.MessageEvents) > 0, found)
		Holds(found.From != "" && len(found.To) == 1 && !found.ReceivedAt.IsZero(), found)
		none, err := client.GetOutboundMessage(nobody) // it takes no notice of the status
		Holds(err == nil && none.MessageID == "", none, err)
	})
	Check("GetOutboundMessageDump", func() {
		dump, err := client.GetOutboundMessageDump(whole)
		Must(err)
		Holds(len(dump) > 100, dump)
	})
	Check("GetOutboundMessagesOpens", func() {
		found, total, err := client.GetOutboundMessagesOpens(2, 0, options{})
		Must(err)
		Holds(len(found) == 2 && total >= 10, found, total)
		Holds(found[0].Client["Name"] != "" && found[0].Geo["City"] != "", found[0])
		whole = found[0].MessageID
	})
	Check("GetOutboundMessageOpens", func() {
		found, total, err := client.GetOutboundMessageOpens(whole, 5, 0)
		Must(err)
		Holds(total == 1 && found[0].MessageID == whole, found, total)
	})
}

func inbound() {
	var all []postmark.InboundMessage
	found := struct{ InboundMessages *[]postmark.InboundMessage }{&all}
	Get("/messages/inbound?count=100&offset=0", &found)
	Check("GetInboundMessages", func() {
		found, total, err := client.GetInboundMessages(100, 0, options{})
		Must(err)
		Holds(total >= 10 && int(total) == len(found), total, len(found))
	})
	Check("GetInboundMessage", func() {
		found, err := client.GetInboundMessage(all[0].MessageID)
		Must(err)
		Holds(found.Subject == all[0].Subject && found.TextBody != "" && found.MailboxHash != "", found)
	})
	// First, as a message that bypasses its block fails: no hook is set.
	Check("RetryInboundMessage", func() {
		Must(client.RetryInboundMessage(Only("/messages/inbound?count=9&offset=0&status=failed")))
		Refused(client.RetryInboundMessage(nobody), "cannot be retried")
	})
	Check("BypassInboundMessage", func() {
		Must(client.BypassInboundMessage(Only("/messages/inbound?count=9&offset=0&status=blocked")))
		Refused(client.BypassInboundMessage(nobody), "cannot be bypassed")
	})
}

func bounces() {
	var hard postmark.Bounce
	Check("GetDeliveryStats", func() {
		stats, err := client.GetDeliveryStats()
		Must(err)
		Holds(stats.InactiveMails > 0 && stats.Bounces[0].Name == "All", stats)
	})
	Check("GetBounces", func() {
		found, total, err := client.GetBounces(10, 0, options{"type": "HardBounce", "inactive": true})
		Must(err)
		Holds(total >= 1 && found[0].Type == "HardBounce" && found[0].Inactive, found)
		hard = found[0]
		none, total, err := client.GetBounces(10, 0, options{"emailFilter": "nobody@nowhere.example"})
		Must(err)
		Holds(total == 0 && len(none) == 0, none)
	})
	Check("GetBounce", func() {
		found, err := client.GetBounce(hard.ID)
		Must(err)
		Holds(found.Email == hard.Email && found.DumpAvailable && found.CanActivate, found)
	})
	Check("GetBounceDump", func() {
		dump, err := client.GetBounceDump(hard.ID)
		Must(err)
		Holds(dump != "", dump)
	})
	Check("GetBouncedTags", func() {
		tags, err := client.GetBouncedTags()
		Must(err)
		Holds(len(tags) == 1 && tags[0] == "test_tag", tags)
	})
	Check("ActivateBounce", func() {
		found, text, err := client.ActivateBounce(hard.ID)
		Must(err)
		Holds(found.ID == hard.ID && !found.Inactive && text != "", found, text)
	})
}

func templates() {
	var made postmark.TemplateInfo
	Check("CreateTemplate", func() {
		var err error
		made, err = client.CreateTemplate(postmark.Template{
			Name: "Go", Subject: "Hi {{name}}", TextBody: "Hello {{name}}", HtmlBody: "<p>{{name}}</p>",
			AssociatedServerId: 1, Active: true,
		})
		Must(err)
		Holds(made.TemplateId > 0 && made.Active && made.Name == "Go", made)
	})
	number := fmt.Sprint(made.TemplateId)
	Check("GetTemplate", func() {
		found, err := client.GetTemplate(number)
		Must(err)
		Holds(found.Subject == "Hi {{name}}" && found.AssociatedServerId > 0, found)
		found, err = client.GetTemplate("greeting")
		Must(err)
		Holds(found.TemplateId > 0, found)
	})
	Check("GetTemplates", func() {
		found, total, err := client.GetTemplates(2, 0)
		Must(err)
		Holds(len(found) == 2 && total >= 4, found, total)
	})
	Check("EditTemplate", func() {
		edited, err := client.EditTemplate(number, postmark.Template{
			Name: "Go on", Subject: "Hi {{name}}", TextBody: "€ Ä {{name}}", HtmlBody: "<p>{{name}}</p>",
		})
		Must(err)
		Holds(edited.Name == "Go on" && edited.TemplateId == made.TemplateId, edited)
	})
	Check("ValidateTemplate", func() {
		found, err := client.ValidateTemplate(postmark.ValidateTemplateBody{
			Subject: "{{#company}}{{name}}{{/company}}", TextBody: "{{address}}", HTMLBody: "<b>{{name}}</b>",
			TestRenderModel: options{"name": "Ann"}, InlineCSSForHTMLTestRender: true,
		})
		Must(err)
		Holds(found.AllContentIsValid && found.HTMLBody.ContentIsValid, found)
		Holds(found.SuggestedTemplateModel["address"] == "address_Value", found.SuggestedTemplateModel)
	})
	templated := postmark.TemplatedEmail{
		TemplateId: made.TemplateId, TemplateModel: options{"name": "Ann"}, InlineCss: true,
		From: Sender, To: Recipient,
	}
	Check("SendTemplatedEmail", func() {
		sent, err := client.SendTemplatedEmail(templated)
		Must(err)
		Soon(func() bool {
			found, err := client.GetOutboundMessage(sent.MessageID)
			return err == nil && found.Subject == "Hi Ann" && found.TextBody == "€ Ä Ann"
		})
	})
	Check("SendTemplatedEmailBatch", func() {
		other := templated
		other.TemplateId, other.TemplateAlias = 0, "nowhere"
		sent, err := client.SendTemplatedEmailBatch([]postmark.TemplatedEmail{templated, other})
		Must(err)
		Holds(len(sent) == 2 && sent[0].ErrorCode == 0 && sent[1].ErrorCode == 1101, sent)
	})
	Check("DeleteTemplate", func() {
		Must(client.DeleteTemplate(number))
		Refused(client.DeleteTemplate(number), "not valid or was not found")
	})
}

func servers() {
	Check("GetCurrentServer", func() {
		found, err := client.GetCurrentServer()
		Must(err)
		Holds(found.ID > 1 && found.ApiTokens[0] == ServerToken && found.InboundAddress != "", found)
	})
	Check("EditCurrentServer", func() {
		before, err := client.GetCurrentServer()
		Must(err)
		before.Color = "green"
		edited, err := client.EditCurrentServer(before)
		Must(err)
		Holds(edited.Color == "green" && edited.Name == before.Name, edited)
	})
	Check("GetServer", func() {
		current, err := client.GetCurrentServer()
		Must(err)
		found, err := client.GetServer(fmt.Sprint(current.ID))
		Must(err)
		Holds(found.Name == current.Name, found)
	})
	Check("EditServer", func() {
		current, err := client.GetCurrentServer()
		Must(err)
		current.Color = "green"
		edited, err := client.EditServer(fmt.Sprint(current.ID), current)
		Must(err)
		Holds(edited.Color == "green", edited)
	})
}

func senders() {
	Check("GetSenderSignatures", func() {
		found, err := client.GetSenderSignatures(10, 0)
		Must(err)
		Holds(found.TotalCount >= 1 && found.SenderSignatures[0].EmailAddress != "", found)
	})
}

func statistics() {
	Check("GetOutboundStats", func() {
		found, err := client.GetOutboundStats(options{"tag": "test_tag"})
		Must(err)
		Holds(found.Sent > 0 && found.Opens > 0 && found.Tracked > 0 && found.WithClientRecorded > 0, found)
	})
	Check("GetSentCounts", func() {
		found, err := client.GetSentCounts(options{})
		Must(err)
		sum := int64(0)
		for _, day := range found.Days {
			sum += day.Sent
		}
		Holds(found.Sent > 60 && sum == found.Sent && found.Days[0].Date != "", found)
	})
	Check("GetBounceCounts", func() {
		found, err := client.GetBounceCounts(options{})
		Must(err)
		Holds(found.HardBounce == 3 && found.SoftBounce == 1, found)
	})
	Check("GetSpamCounts", func() {
		found, err := client.GetSpamCounts(options{})
		Must(err)
		Holds(found.SpamComplaint == 1, found)
	})
	Check("GetTrackedCounts", func() {
		found, err := client.GetTrackedCounts(options{})
		Must(err)
		Holds(found.Tracked > 60, found)
	})
	Check("GetOpenCounts", func() {
		found, err := client.GetOpenCounts(options{})
		Must(err)
		Holds(found.Opens > 10 && found.Unique == found.Opens, found)
	})
	Check("GetPlatformCounts", func() {
		found, err := client.GetPlatformCounts(options{})
		Must(err)
		Holds(found.Desktop > 0, found)
	})
}
