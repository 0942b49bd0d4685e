import com.postmarkapp.postmark.client.ApiClient;
import com.postmarkapp.postmark.client.Parameters;
import com.postmarkapp.postmark.client.data.model.message.Message;
import com.postmarkapp.postmark.client.data.model.streams.MessageStream;
import com.postmarkapp.postmark.client.data.model.streams.SubscriptionManagementConfiguration;
import com.postmarkapp.postmark.client.data.model.suppressions.SuppressionEntries;
import com.postmarkapp.postmark.client.data.model.webhooks.HttpAuth;
import com.postmarkapp.postmark.client.data.model.webhooks.Webhook;
import com.postmarkapp.postmark.client.data.model.webhooks.WebhookTriggers;
import com.postmarkapp.postmark.client.exception.InvalidMessageException;
import java.util.Date;

/** Streams, suppressions, webhooks and inbound rules. */
final class StreamCalls {
    private static final String BARRED = "java@elsewhere.example";
    private static final ApiClient CLIENT = Sweep.CLIENT;

    private StreamCalls() {}

    static void run() {
        streams();
        archive();
        suppressions();
        webhooks();
        rules();
    }

    private static void streams() {
        Check.check("createMessageStream(MessageStream)", () -> {
            var none = new SubscriptionManagementConfiguration("Postmark");
            var draft = new MessageStream("java-news", "News", "Of the house", "Broadcasts", none);
            var made = CLIENT.createMessageStream(draft);
            Check.holds(made.getId().equals("java-news") && made.getName().equals("News"), made);
            Check.holds(made.getDescription().equals("Of the house") && made.getServerId() != null, made);
            Check.holds(made.getCreatedAt() != null && made.getUpdatedAt() == null, made);
            Check.refused(InvalidMessageException.class, 1230, "'ID'", () -> CLIENT.createMessageStream(draft));
        });
        Check.check("getMessageStream(String)", () -> {
            var read = CLIENT.getMessageStream("java-news");
            Check.holds(read.getMessageStreamType().equals("Broadcasts") && read.getArchivedAt() == null, read);
            Check.refused(InvalidMessageException.class, 1226,
                    "The message stream for the provided 'ID' was not found.",
                    () -> CLIENT.getMessageStream("nowhere"));
        });
        Check.check("setMessageStream(String,MessageStream)", () -> {
            var change = new MessageStream();
            change.setName("More news");
            var changed = CLIENT.setMessageStream("java-news", change);
            Check.holds(changed.getName().equals("More news") && changed.getUpdatedAt() != null, changed);
            Check.holds(changed.getDescription().equals("Of the house"), changed);
        });
    }

    private static void archive() {
        Check.check("archiveMessageStream(String)", () -> {
            var gone = CLIENT.archiveMessageStream("java-news");
            Check.holds(gone.getId().equals("java-news") && gone.getExpectedPurgeDate().after(new Date()), gone);
            Check.holds(CLIENT.getMessageStream("java-news").getArchivedAt() != null);
        });
        Check.check("getMessageStreams()", () -> {
            var found = CLIENT.getMessageStreams();
            Check.holds(found.getTotalCount() == 3 && found.getMessageStreams().length == 3, found);
        });
        Check.check("getMessageStreams(Parameters)", () -> {
            var all = CLIENT.getMessageStreams(Parameters.init().build("IncludeArchivedStreams", true));
            Check.holds(all.getTotalCount() == 4, all);
            var inbound = CLIENT.getMessageStreams(Parameters.init().build("MessageStreamType", "Inbound"));
            Check.holds(inbound.getTotalCount() == 1, inbound);
            Check.holds(inbound.getMessageStreams()[0].getId().equals("inbound"), inbound);
        });
        Check.check("unarchiveMessageStream(String)", () -> {
            var back = CLIENT.unarchiveMessageStream("java-news");
            Check.holds(back.getId().equals("java-news") && back.getArchivedAt() == null, back);
            Check.holds(CLIENT.getMessageStreams().getTotalCount() == 4);
        });
    }

    private static void suppressions() {
        Check.check("createSuppressions(String,SuppressionEntries)", () -> {
            var people = new SuppressionEntries(new String[] {BARRED, "nobody"});
            var found = CLIENT.createSuppressions("outbound", people).getSuppressions();
            Check.holds(found.get(0).getEmailAddress().equals(BARRED), found);
            Check.holds(found.get(0).getStatus().equals("Suppressed"), found);
            Check.holds(found.get(1).getStatus().equals("Failed") && found.get(1).getMessage() != null, found);
            var mail = new Message(Sweep.FROM, BARRED, "Barred", "", "Hello");
            Check.refused(InvalidMessageException.class, 406,
                    "Found inactive addresses: " + BARRED + ". Inactive", () -> CLIENT.deliverMessage(mail));
            Check.refused(InvalidMessageException.class, 1226, "was not found",
                    () -> CLIENT.createSuppressions("nowhere", people));
        });
        Check.check("getSuppressions(String)", () -> {
            var found = CLIENT.getSuppressions("outbound").getSuppressions();
            Check.holds(found.stream().anyMatch(one -> one.getEmailAddress().equals(BARRED)), found);
            Check.holds(found.size() > 1, found);
        });
        Check.check("getSuppressions(String,Parameters)", () -> {
            var asked = Parameters.init().build("EmailAddress", BARRED);
            var found = CLIENT.getSuppressions("outbound", asked).getSuppressions();
            Check.holds(found.size() == 1 && found.get(0).getOrigin().equals("Customer"), found);
            Check.holds(found.get(0).getSuppressionReason().equals("ManualSuppression"), found);
            Check.holds(found.get(0).getCreatedAt() != null, found);
        });
        Check.check("deleteSuppressions(String,SuppressionEntries)", () -> {
            var people = new SuppressionEntries(new String[] {BARRED});
            var found = CLIENT.deleteSuppressions("outbound", people).getSuppressions();
            Check.holds(found.size() == 1 && found.get(0).getStatus().equals("Deleted"), found);
            var asked = Parameters.init().build("EmailAddress", BARRED);
            Check.holds(CLIENT.getSuppressions("outbound", asked).getSuppressions().isEmpty());
        });
    }

    private static void webhooks() {
        var made = Check.make("createWebhook(Webhook)", () -> {
            var plain = CLIENT.createWebhook(new Webhook("https://app.elsewhere.example/plain"));
            Check.holds(plain.getMessageStream().equals("outbound") && !plain.getTriggers().getClick().isEnabled());
            var triggers = new WebhookTriggers(true, false, true, false, false, true);
            var draft = new Webhook("https://app.elsewhere.example/java", new HttpAuth("me", "secret"), triggers);
            draft.setMessageStream("broadcast");
            draft.addHeader("X-A", "b");
            var found = CLIENT.createWebhook(draft);
            Check.holds(found.getId() > 0 && found.getHttpAuth().getPassword().equals("secret"), found);
            Check.holds(found.getHttpHeaders().get(0).getValue().equals("b"), found);
            Check.holds(found.getMessageStream().equals("broadcast"), found);
            return found;
        });
        Check.check("getWebhook(Integer)", () -> {
            var read = CLIENT.getWebhook(made.getId());
            Check.holds(read.getUrl().equals("https://app.elsewhere.example/java"), read);
            var has = read.getTriggers();
            Check.holds(has.getOpen().isEnabled() && !has.getOpen().isPostFirstOpenOnly(), read);
            Check.holds(has.getBounce().isEnabled() && has.getSubscriptionChange().getEnabled(), read);
            Check.holds(!has.getClick().isEnabled() && !has.getDelivery().isEnabled(), read);
            Check.holds(!has.getSpamComplaint().isEnabled(), read);
        });
        Check.check("getWebhooks()", () -> {
            var found = CLIENT.getWebhooks().getWebhooks();
            Check.holds(found.size() == 2, found);
        });
        Check.check("getWebhooks(Parameters)", () -> {
            var found = CLIENT.getWebhooks(Parameters.init().build("MessageStream", "broadcast")).getWebhooks();
            Check.holds(found.size() == 1 && found.get(0).getId().equals(made.getId()), found);
        });
        Check.check("setWebhook(Integer,Webhook)", () -> {
            var changed = CLIENT.setWebhook(made.getId(), new Webhook("https://app.elsewhere.example/moved"));
            Check.holds(changed.getUrl().equals("https://app.elsewhere.example/moved"), changed);
            Check.holds(changed.getTriggers().getOpen().isEnabled(), changed);
            Check.holds(changed.getHttpAuth().getUsername().equals("me"), changed);
        });
        Check.check("deleteWebhook(Integer)", () -> {
            String said = CLIENT.deleteWebhook(made.getId());
            Check.holds(said.contains("Webhook " + made.getId() + " removed."), said);
            Check.refused(InvalidMessageException.class, 1352, "The webhook for the provided 'ID' was not found.",
                    () -> CLIENT.getWebhook(made.getId()));
        });
    }

    private static void rules() {
        var made = Check.make("createInboundRule(String)", () -> {
            var found = CLIENT.createInboundRule("spammer.example");
            Check.holds(found.getId() > 0 && found.getRule().equals("spammer.example"), found);
            return found;
        });
        Check.check("getInboundRules(Parameters)", () -> {
            var found = CLIENT.getInboundRules(Parameters.init().build("count", 9).build("offset", 0));
            Check.holds(found.getTotalCount() == 1, found);
            Check.holds(found.getInboundRules().get(0).getId().equals(made.getId()), found);
        });
        Check.check("deleteInboundRule(Integer)", () -> {
            String said = CLIENT.deleteInboundRule(made.getId());
            Check.holds(said.contains("Rule spammer.example removed."), said);
            Check.refused(InvalidMessageException.class, 812, "This inbound rule was not found.",
                    () -> CLIENT.deleteInboundRule(made.getId()));
        });
    }
}
