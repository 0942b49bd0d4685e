import com.postmarkapp.postmark.Postmark;
import com.postmarkapp.postmark.client.ApiClient;
import com.postmarkapp.postmark.client.Parameters;
import com.postmarkapp.postmark.client.data.model.bounces.Bounce;
import com.postmarkapp.postmark.client.data.model.message.Message;
import com.postmarkapp.postmark.client.data.model.server.Server;
import com.postmarkapp.postmark.client.data.model.templates.TemplateContent;
import com.postmarkapp.postmark.client.data.model.templates.TemplateToValidate;
import com.postmarkapp.postmark.client.data.model.templates.TemplatedMessage;
import com.postmarkapp.postmark.client.exception.InvalidAPIKeyException;
import com.postmarkapp.postmark.client.exception.InvalidMessageException;
import java.util.List;
import java.util.Map;

/** Sending, messages, bounces, templates, and the Server of the token. */
final class ServerCalls {
    private static final String NOBODY = "00000000-0000-4000-8000-000000000000";
    private static final ApiClient CLIENT = Sweep.CLIENT;

    private ServerCalls() {}

    static void run() {
        sending();
        outbound();
        hits();
        inbound();
        bounces();
        templates();
        templated();
        server();
    }

    private static Message mail(String subject) {
        return new Message(Sweep.FROM, Sweep.TO, subject, "<p>Hello €</p>", "Hello €");
    }

    private static Parameters page(int count) {
        return Parameters.init().build("count", count).build("offset", 0);
    }

    private static void sending() {
        Check.check("deliverMessage(Message)", () -> {
            Message mail = mail("One");
            mail.setTo(Map.of("John Smith", Sweep.TO));
            mail.setTag("java");
            mail.addHeader("X-A", "b");
            mail.addMetadata("color", "blue");
            mail.setTrackOpens(true);
            mail.setTrackLinks(Message.TRACK_LINKS.Html);
            mail.addAttachment("a.txt", "Hello", "text/plain", "cid:a");
            var sent = CLIENT.deliverMessage(mail);
            Check.holds(sent.getErrorCode() == 0 && sent.getMessage().equals("OK"), sent);
            Check.holds(sent.getMessageId().length() == 36 && sent.getSubmittedAt() != null, sent);
            Check.soon(() -> CLIENT.getMessageDetails(sent.getMessageId()).getStatus().equals("Sent"));
            var read = CLIENT.getMessageDetails(sent.getMessageId());
            Check.holds(read.getTo().get(0).getName().equals("John Smith"), read);
            Check.holds(read.getTag().equals("java") && read.getMetadata().get("color").equals("blue"), read);
            Check.holds(read.getTrackOpens() && read.getTrackLinks().equals("HtmlOnly"), read);
            Check.holds(read.getAttachments().equals(List.of("a.txt")), read);
            Check.holds(read.getTextBody().equals("Hello €"), read);
            Message bad = mail("One");
            bad.setTo("@postmarkapp.com");
            Check.refused(InvalidMessageException.class, 300, "Invalid 'To' address: '@postmarkapp.com'.",
                    () -> CLIENT.deliverMessage(bad));
            Check.refused(InvalidAPIKeyException.class, 10, "token",
                    () -> Postmark.getApiClient("wrong", false, Sweep.HOST).deliverMessage(mail));
            var tried = Postmark.getApiClient("POSTMARK_API_TEST", false, Sweep.HOST).deliverMessage(mail);
            Check.holds(tried.getMessage().equals("Test job accepted"), tried);
        });
        Check.check("deliverMessage(List)", () -> {
            var sent = CLIENT.deliverMessage(List.of(mail("Two"), new Message(Sweep.FROM, Sweep.TO, "", "", "")));
            Check.holds(sent.size() == 2 && sent.get(0).getErrorCode() == 0, sent);
            Check.holds(sent.get(0).getTo().equals(Sweep.TO) && sent.get(1).getErrorCode() == 300, sent);
        });
    }

    private static void outbound() {
        var first = Check.make("getMessages(Parameters)", () -> {
            var found = CLIENT.getMessages(page(3).build("tag", "test_tag"));
            Check.holds(found.getMessages().size() == 3 && found.getTotalCount() == 24, found);
            Check.holds(found.getMessages().stream().allMatch(one -> one.getTag().equals("test_tag")), found);
            var one = CLIENT.getMessages(page(9).build("metadata_number", "7"));
            Check.holds(one.getTotalCount() == 1 && one.getMessages().get(0).getSubject().equals("Message 7"), one);
            Check.refused(InvalidMessageException.class, 700, "'count'", () -> CLIENT.getMessages(page(-1)));
            return found.getMessages().get(0);
        });
        Check.check("getMessageDetails(String)", () -> {
            var read = CLIENT.getMessageDetails(first.getMessageId());
            Check.holds(read.getMessageId().equals(first.getMessageId()) && read.getReceivedAt() != null, read);
            Check.holds(read.getSubject().equals(first.getSubject()) && !read.getMessageEvents().isEmpty(), read);
            Check.refused(InvalidMessageException.class, 701, "This message was not found.",
                    () -> CLIENT.getMessageDetails(NOBODY));
        });
        Check.check("getMessageDetails(String,Parameters)", () -> {
            var read = CLIENT.getMessageDetails(first.getMessageId(), Parameters.init().build("a", "b"));
            Check.holds(read.getMessageId().equals(first.getMessageId()), read);
        });
        Check.check("getMessageDump(String)", () -> {
            var dump = CLIENT.getMessageDump(first.getMessageId());
            Check.holds(dump.getBody().contains("Subject: " + first.getSubject()), dump);
        });
    }

    private static void hits() {
        var opened = Check.make("getMessageOpens(Parameters)", () -> {
            var found = CLIENT.getMessageOpens(page(2).build("tag", "test_tag"));
            var open = found.getOpens().get(0);
            Check.holds(found.getOpens().size() == 2 && found.getTotalCount() == 6, found);
            Check.holds(open.getTag().equals("test_tag") && open.getGeo().get("City").equals("Novi Sad"), open);
            Check.holds(open.getClient().get("Family").equals("Chrome") && open.getReadSeconds() == 5, open);
            return open;
        });
        Check.check("getMessageOpens(String,Parameters)", () -> {
            var found = CLIENT.getMessageOpens(opened.getMessageId(), page(5));
            Check.holds(found.getTotalCount() == 1, found);
            Check.holds(found.getOpens().get(0).getRecipient().equals(opened.getRecipient()), found);
        });
        var clicked = Check.make("getMessageClicks(Parameters)", () -> {
            var found = CLIENT.getMessageClicks(page(2).build("tag", "test_tag"));
            var click = found.getClicks().get(0);
            Check.holds(found.getClicks().size() == 2 && found.getTotalCount() == 12, found);
            Check.holds(click.getOriginalLink().startsWith("https://elsewhere.example/"), click);
            Check.holds(click.getClickLocation().equals("HTML"), click);
            Check.holds(click.getOs().get("Name").equals("OS X 10.15"), click);
            return click;
        });
        Check.check("getMessageClicks(String,Parameters)", () -> {
            var found = CLIENT.getMessageClicks(clicked.getMessageId(), page(5));
            Check.holds(found.getTotalCount() == 1, found);
            Check.holds(found.getClicks().get(0).getOriginalLink().equals(clicked.getOriginalLink()), found);
        });
    }

    private static String only(String status) throws Exception {
        var found = CLIENT.getInboundMessages(page(9).build("status", status));
        Check.holds(found.getTotalCount() == 1 && found.getInboundMessages().size() == 1, found);
        return found.getInboundMessages().get(0).getMessageId();
    }

    private static void inbound() {
        var first = Check.make("getInboundMessages(Parameters)", () -> {
            var found = CLIENT.getInboundMessages(page(100));
            Check.holds(found.getTotalCount() >= 10, found);
            Check.holds(found.getTotalCount() == found.getInboundMessages().size(), found);
            var one = CLIENT.getInboundMessages(page(9).build("fromemail", "writer20@elsewhere.example"));
            Check.holds(one.getTotalCount() == 1 && one.getInboundMessages().get(0).getDate() != null, one);
            return one.getInboundMessages().get(0);
        });
        Check.check("getInboundMessageDetails(String)", () -> {
            var read = CLIENT.getInboundMessageDetails(first.getMessageId());
            Check.holds(read.getSubject().equals("Inbound 20") && read.getTextBody().equals("Hello"), read);
            Check.holds(read.getFromFull().getName().equals("Writer"), read);
            Check.holds(read.getToFull().get(0).getMailboxHash().equals("ticket20"), read);
        });
        // First, as a message that bypasses its block fails: no hook is set.
        Check.check("retryFailedInboundMessage(String)", () -> {
            Check.holds(CLIENT.retryFailedInboundMessage(only("failed")).getErrorCode() == 0);
            Check.refused(InvalidMessageException.class, 701, "cannot be retried",
                    () -> CLIENT.retryFailedInboundMessage(NOBODY));
        });
        Check.check("bypassInboundMessage(String)", () -> {
            Check.holds(CLIENT.bypassInboundMessage(only("blocked")).getErrorCode() == 0);
            Check.refused(InvalidMessageException.class, 701, "cannot be bypassed",
                    () -> CLIENT.bypassInboundMessage(NOBODY));
        });
    }

    private static void bounces() {
        Check.check("getDeliveryStats()", () -> {
            var found = CLIENT.getDeliveryStats();
            Check.holds(found.getInactiveMails() > 0 && found.getBounces().get(0).getName().equals("All"), found);
            Check.holds(found.getBounces().get(0).getCount() == 5, found);
        });
        Bounce bounce = Check.make("getBounces(Parameters)", () -> {
            var found = CLIENT.getBounces(page(9).build("inactive", true).build("type", "HardBounce"));
            Check.holds(found.getTotalCount() == 3 && found.getBounces().size() == 3, found);
            Check.holds(found.getBounces().stream().allMatch(Bounce::getInactive), found);
            var none = CLIENT.getBounces(page(9).build("emailFilter", "nobody@nowhere.example"));
            Check.holds(none.getTotalCount() == 0 && none.getBounces().isEmpty(), none);
            Check.refused(InvalidMessageException.class, 1000, "'count'", () -> CLIENT.getBounces(page(-4)));
            return found.getBounces().get(0);
        });
        Check.check("getBounce(Long)", () -> {
            var read = CLIENT.getBounce(bounce.getId());
            Check.holds(read.getEmail().equals(bounce.getEmail()) && read.getType().equals("HardBounce"), read);
            Check.holds(read.getDumpAvailable() && read.getCanActivate() && read.getTypeCode() == 1, read);
            Check.holds(read.getFrom().equals(Sweep.FROM) && read.getBouncedAt() != null, read);
        });
        Check.check("getBounceDump(Long)", () -> {
            var dump = CLIENT.getBounceDump(bounce.getId());
            Check.holds(dump.getBody().contains("User unknown."), dump);
        });
        Check.check("activateBounce(Long)", () -> {
            String said = CLIENT.activateBounce(bounce.getId());
            Check.holds(said.contains("\"Message\":\"OK\""), said);
            Check.holds(!CLIENT.getBounce(bounce.getId()).getInactive());
        });
    }

    private static TemplateContent content(String alias) {
        var content = new TemplateContent();
        content.setAlias(alias);
        content.setName("Java " + alias);
        content.setSubject("Hi {{name}}");
        content.setHtmlBody("<p>€ Ä Æ © {{name}}</p>");
        content.setTextBody("€ Ä Æ © {{name}}");
        return content;
    }

    private static void templates() {
        var made = Check.make("createTemplate(TemplateContent)", () -> {
            CLIENT.createTemplate(content("java-other"));
            var found = CLIENT.createTemplate(content("java"));
            Check.holds(found.getActive() && found.getAlias().equals("java") && found.getTemplateId() > 0, found);
            Check.refused(InvalidMessageException.class, 1122, "The 'Alias' is already in use",
                    () -> CLIENT.createTemplate(content("java")));
            return found;
        });
        Check.check("getTemplate(Integer)", () -> {
            var read = CLIENT.getTemplate(made.getTemplateId());
            Check.holds(read.getTextBody().equals("€ Ä Æ © {{name}}") && read.getAssociatedServerId() > 1, read);
        });
        Check.check("getTemplate(String)", () -> {
            var read = CLIENT.getTemplate("java");
            Check.holds(read.getTemplateId().equals(made.getTemplateId()) && read.getName().equals("Java java"), read);
        });
        Check.check("getTemplates(Parameters)", () -> {
            var found = CLIENT.getTemplates(page(2));
            Check.holds(found.getTemplates().size() == 2 && found.getTotalCount() == 5, found);
            var layouts = CLIENT.getTemplates(page(9).build("templateType", "Layout"));
            Check.holds(layouts.getTotalCount() == 1, layouts);
            Check.holds(layouts.getTemplates().get(0).getTemplateType().name().equals("Layout"), layouts);
        });
        Check.check("setTemplate(Integer,TemplateContent)", () -> {
            var change = new TemplateContent();
            change.setLayoutTemplate("frame");
            var changed = CLIENT.setTemplate(made.getTemplateId(), change);
            Check.holds(changed.getName().equals("Java java") && changed.getLayoutTemplate().equals("frame"), changed);
        });
        Check.check("setTemplate(String,TemplateContent)", () -> {
            var change = new TemplateContent();
            change.setName("Java two");
            var changed = CLIENT.setTemplate("java", change);
            Check.holds(changed.getName().equals("Java two") && changed.getLayoutTemplate().equals("frame"), changed);
            Check.holds(CLIENT.getTemplate("java").getSubject().equals("Hi {{name}}"));
        });
        Check.check("validateTemplate(TemplateToValidate)", () -> {
            var draft = new TemplateToValidate();
            draft.setSubject("{{name}}");
            draft.setHtmlBody("<b>{{address}}</b>");
            draft.setTextBody("{{#name}}");
            draft.setTestRenderModel(Map.of("name", "Ann", "address", "a@b.example"));
            var found = CLIENT.validateTemplate(draft);
            Check.holds(!found.getAllContentIsValid() && !found.getTextBody().getContentIsValid(), found);
            Check.holds(found.getSubject().getRenderedContent().equals("Ann"), found);
            Check.holds(((Map<?, ?>) found.getSuggestedTemplateModel()).containsKey("address"), found);
        });
    }

    private static TemplatedMessage greeting(String alias) {
        var mail = new TemplatedMessage(Sweep.FROM, Sweep.TO, alias);
        mail.setTemplateModel(Map.of("name", "Ann"));
        return mail;
    }

    private static void templated() {
        Check.check("deliverMessage(TemplatedMessage)", () -> {
            var sent = CLIENT.deliverMessage(greeting("java"));
            Check.soon(() -> CLIENT.getMessageDetails(sent.getMessageId()).getSubject().equals("Hi Ann"));
            Check.holds(CLIENT.getMessageDetails(sent.getMessageId()).getTextBody().equals("€ Ä Æ © Ann"));
        });
        Check.check("deliverMessageWithTemplate(TemplatedMessage)", () -> {
            var mail = new TemplatedMessage(Sweep.FROM, Sweep.TO, CLIENT.getTemplate("java").getTemplateId());
            mail.setTemplateModel(Map.of("name", "Bob"));
            mail.addMetadata("color", "red");
            var sent = CLIENT.deliverMessageWithTemplate(mail);
            Check.soon(() -> CLIENT.getMessageDetails(sent.getMessageId()).getSubject().equals("Hi Bob"));
            Check.refused(InvalidMessageException.class, 1101, "not valid or was not found",
                    () -> CLIENT.deliverMessageWithTemplate(greeting("nowhere")));
        });
        Check.check("deliverMessageWithTemplate(List)", () -> {
            var sent = CLIENT.deliverMessageWithTemplate(List.of(greeting("java"), greeting("nowhere")));
            Check.holds(sent.size() == 2 && sent.get(0).getErrorCode() == 0, sent);
            Check.holds(sent.get(1).getErrorCode() == 1101 && sent.get(1).getMessageId() == null, sent);
        });
        Check.check("deleteTemplate(String)", () -> {
            int id = CLIENT.getTemplate("java-other").getTemplateId();
            String said = CLIENT.deleteTemplate("java-other");
            Check.holds(said.contains("Template " + id + " removed."), said);
        });
        Check.check("deleteTemplate(Integer)", () -> {
            int id = CLIENT.getTemplate("java").getTemplateId();
            String said = CLIENT.deleteTemplate(id);
            Check.holds(said.contains("Template " + id + " removed."), said);
            Check.refused(InvalidMessageException.class, 1101, "not valid or was not found",
                    () -> CLIENT.deleteTemplate(id));
            Check.holds(CLIENT.getTemplates(page(9)).getTotalCount() == 3);
        });
    }

    private static void server() {
        Check.check("getServer()", () -> {
            var read = CLIENT.getServer();
            Check.holds(read.getId() > 1 && read.getApiTokens().equals(List.of(Sweep.TOKEN)), read);
            Check.holds(read.getInboundAddress().startsWith(read.getInboundHash()), read);
        });
        Check.check("setServer(Server)", () -> {
            var before = CLIENT.getServer();
            var change = new Server();
            change.setColor("purple");
            change.setTrackOpens(true);
            var changed = CLIENT.setServer(change);
            Check.holds(changed.getColor().equals("purple") && changed.isTrackOpens(), changed);
            Check.holds(changed.getName().equals(before.getName()), changed);
            Check.holds(CLIENT.setServer(before).getColor().equals(before.getColor()));
        });
    }
}
