import com.postmarkapp.postmark.client.AccountApiClient;
import com.postmarkapp.postmark.client.Parameters;
import com.postmarkapp.postmark.client.data.model.data_removal.DataRemoval;
import com.postmarkapp.postmark.client.data.model.data_removal.DataRemovalStatusTypes;
import com.postmarkapp.postmark.client.data.model.domains.DomainDetails;
import com.postmarkapp.postmark.client.data.model.senders.SignatureToCreate;
import com.postmarkapp.postmark.client.data.model.server.Server;
import com.postmarkapp.postmark.client.data.model.templates.TemplatesPushRequest;
import com.postmarkapp.postmark.client.exception.InvalidMessageException;
import com.postmarkapp.postmark.client.exception.UnknownException;

/** Servers, domains, sender signatures, pushing templates and removing data. */
final class AccountCalls {
    private static final AccountApiClient CLIENT = Sweep.ACCOUNT;

    private AccountCalls() {}

    static void run() {
        servers();
        domains();
        proofs();
        senders();
        removals();
    }

    private static Parameters page() {
        return Parameters.init().build("count", 9).build("offset", 0);
    }

    private static void servers() {
        var made = Check.make("createServer(Server)", () -> {
            var draft = new Server();
            draft.setName("Java");
            draft.setColor("red");
            draft.setDeliveryType("Sandbox");
            var found = CLIENT.createServer(draft);
            Check.holds(found.getId() > 1 && found.getApiTokens().size() == 1, found);
            Check.holds(found.getColor().equals("red") && found.getDeliveryType().equals("Sandbox"), found);
            Check.refused(InvalidMessageException.class, 603, "already exists.", () -> CLIENT.createServer(draft));
            return found;
        });
        Check.check("getServers(Integer)", () -> {
            var read = CLIENT.getServers(made.getId());
            Check.holds(read.getName().equals("Java") && read.getApiTokens().equals(made.getApiTokens()), read);
            Check.refused(UnknownException.class, null, "Server does not exist.", () -> CLIENT.getServers(1));
        });
        Check.check("getServers(Parameters)", () -> {
            var found = CLIENT.getServers(page());
            Check.holds(found.getTotalCount() == 3 && found.getServers().size() == 3, found);
            var one = CLIENT.getServers(page().build("name", "Java"));
            Check.holds(one.getTotalCount() == 1 && one.getServers().get(0).getId().equals(made.getId()), one);
        });
        Check.check("setServer(Integer,Server)", () -> {
            var change = new Server();
            change.setColor("green");
            change.setTrackLinks("HtmlAndText");
            var changed = CLIENT.setServer(made.getId(), change);
            Check.holds(changed.getColor().equals("green") && changed.getName().equals("Java"), changed);
            Check.holds(changed.getTrackLinks().equals("HtmlAndText"), changed);
        });
        Check.check("pushTemplates(TemplatesPushRequest)", () -> {
            int source = Sweep.CLIENT.getServer().getId();
            var found = CLIENT.pushTemplates(new TemplatesPushRequest(source, made.getId(), true));
            Check.holds(found.getTotalCount() == 3 && found.getTemplates().get(0).getAction().equals("Create"), found);
            var again = CLIENT.pushTemplates(new TemplatesPushRequest(source, made.getId(), false));
            Check.holds(again.getTotalCount() == 0, again);
            Check.refused(InvalidMessageException.class, 601, "The source and destination servers were not found.",
                    () -> CLIENT.pushTemplates(new TemplatesPushRequest(0, 1)));
        });
        Check.check("deleteServer(Integer)", () -> {
            Check.holds(CLIENT.deleteServer(made.getId()).getErrorCode() == 0);
            Check.holds(CLIENT.getServers(page()).getTotalCount() == 2);
        });
    }

    private static void domains() {
        String name = "java." + Sweep.DOMAIN;
        var made = Check.make("createDomain(Domain)", () -> {
            var draft = new DomainDetails();
            draft.setName(name);
            draft.setReturnPathDomain("pm." + name);
            var found = CLIENT.createDomain(draft);
            Check.holds(found.getId() > 0 && found.getName().equals(name) && !found.getDkimVerified(), found);
            Check.holds(found.getReturnPathDomain().equals("pm." + name), found);
            Check.holds(!found.getDkimPendingHost().isEmpty(), found);
            draft.setName("thisisntadomain");
            Check.refused(InvalidMessageException.class, 516, "Name format is invalid.",
                    () -> CLIENT.createDomain(draft));
            return found;
        });
        Check.check("getDomains(Parameters)", () -> {
            var found = CLIENT.getDomains(page());
            // By name: it stands between the two that were there before.
            Check.holds(found.getTotalCount() == 3 && found.getDomains().get(1).getName().equals(name), found);
        });
        Check.check("getDomainDetails(Integer)", () -> {
            var read = CLIENT.getDomainDetails(made.getId());
            Check.holds(read.getName().equals(name), read);
            Check.holds(read.getDkimPendingTextValue().equals(made.getDkimPendingTextValue()), read);
        });
        Check.check("setDomain(Integer,DomainDetails)", () -> {
            var change = new DomainDetails();
            change.setReturnPathDomain("bounces." + name);
            var changed = CLIENT.setDomain(made.getId(), change);
            Check.holds(changed.getReturnPathDomain().equals("bounces." + name), changed);
            Check.holds(changed.getId().equals(made.getId()), changed);
        });
        Check.check("deleteDomain(Integer)", () -> {
            String said = CLIENT.deleteDomain(made.getId());
            Check.holds(said.contains("Domain " + name + " removed."), said);
            Check.refused(InvalidMessageException.class, 510, "This domain was not found.",
                    () -> CLIENT.getDomainDetails(made.getId()));
        });
    }

    private static void proofs() {
        Check.check("verifyDomainDKIM(Integer)", () -> {
            var first = CLIENT.getDomains(page()).getDomains().get(0);
            var found = CLIENT.verifyDomainDKIM(first.getId());
            Check.holds(found.getId().equals(first.getId()) && found.getName().equals(first.getName()), found);
        });
        Check.check("verifyDomainReturnPath(Integer)", () -> {
            var first = CLIENT.getDomains(page()).getDomains().get(0);
            var found = CLIENT.verifyDomainReturnPath(first.getId());
            Check.holds(found.getId().equals(first.getId()) && found.getName().equals(first.getName()), found);
        });
        Check.check("verifyDomainSPF(Integer)", () -> {
            String found = CLIENT.verifyDomainSPF(CLIENT.getDomains(page()).getDomains().get(0).getId());
            Check.holds(found.contains("\"SPFVerified\":true"), found);
        });
        Check.check("rotateDomainDKIM(Integer)", () -> {
            var all = CLIENT.getDomains(page()).getDomains();
            String found = CLIENT.rotateDomainDKIM(all.get(1).getId());
            Check.holds(found.contains("\"DKIMUpdateStatus\":\"Pending\""), found);
            Check.refused(InvalidMessageException.class, 505, "This DKIM is already being renewed.",
                    () -> CLIENT.rotateDomainDKIM(all.get(0).getId()));
        });
    }

    private static void senders() {
        var made = Check.make("createSenderSignature(SignatureToCreate)", () -> {
            var draft = new SignatureToCreate();
            draft.setFromEmail("java@" + Sweep.DOMAIN);
            draft.setName("Java");
            draft.setReplyToEmail("reply@" + Sweep.DOMAIN);
            draft.setConfirmationPersonalNote("Hello");
            var found = CLIENT.createSenderSignature(draft);
            Check.holds(found.getEmailAddress().equals("java@" + Sweep.DOMAIN) && !found.getConfirmed(), found);
            Check.holds(found.getReplyToEmailAddress().equals("reply@" + Sweep.DOMAIN), found);
            Check.holds(found.getConfirmationPersonalNote().equals("Hello"), found);
            Check.refused(InvalidMessageException.class, 504, "already exists",
                    () -> CLIENT.createSenderSignature(draft));
            return found;
        });
        Check.check("getSenderSignatures(Parameters)", () -> {
            var found = CLIENT.getSenderSignatures(page());
            Check.holds(found.getTotalCount() == 2 && found.getSenderSignatures().size() == 2, found);
            // By name: "Java" before "Sender".
            Check.holds(found.getSenderSignatures().get(1).getEmailAddress().equals(Sweep.FROM), found);
            Check.holds(found.getSenderSignatures().get(1).getConfirmed(), found);
        });
        Check.check("getSenderSignatureDetails(Integer)", () -> {
            var read = CLIENT.getSenderSignatureDetails(made.getId());
            Check.holds(read.getName().equals("Java") && read.getDomain().equals(Sweep.DOMAIN), read);
        });
        Check.check("setSenderSignature(Integer,SignatureToCreate)", () -> {
            var change = new SignatureToCreate();
            change.setName("Java two");
            change.setReturnPathDOmain("pm." + Sweep.DOMAIN);
            var changed = CLIENT.setSenderSignature(made.getId(), change);
            Check.holds(changed.getName().equals("Java two"), changed);
            Check.holds(changed.getReplyToEmailAddress().equals("reply@" + Sweep.DOMAIN), changed);
            Check.holds(changed.getReturnPathDomain().equals("pm." + Sweep.DOMAIN), changed);
        });
        Check.check("resendSenderSignatureConfirmation(Integer)", () -> {
            String said = CLIENT.resendSenderSignatureConfirmation(made.getId());
            Check.holds(said.contains("java@" + Sweep.DOMAIN), said);
        });
        Check.check("verifySenderSignatureSPF(Integer)", () -> {
            var found = CLIENT.verifySenderSignatureSPF(made.getId());
            Check.holds(found.getSpfVerified() && found.getId().equals(made.getId()), found);
        });
        Check.check("requestSenderSignatureDKIM(Integer)", () ->
            Check.refused(InvalidMessageException.class, 505, "This DKIM is already being renewed.",
                    () -> CLIENT.requestSenderSignatureDKIM(made.getId())));
        Check.check("deleteSenderSignature(Integer)", () -> {
            String said = CLIENT.deleteSenderSignature(made.getId());
            Check.holds(said.contains("removed"), said);
            Check.holds(CLIENT.getSenderSignatures(page()).getTotalCount() == 1);
        });
    }

    private static void removals() {
        var made = Check.make("requestDataRemoval(DataRemoval)", () -> {
            var found = CLIENT.requestDataRemoval(
                    new DataRemoval("boss@" + Sweep.DOMAIN, "reader1@elsewhere.example", false));
            Check.holds(found.getId() > 0 && found.getStatus() == DataRemovalStatusTypes.Pending, found);
            return found;
        });
        Check.check("getDataRemovalStatus(Integer)", () -> {
            var found = CLIENT.getDataRemovalStatus(made.getId());
            Check.holds(found.getId().equals(made.getId()) && found.getStatus() != null, found);
        });
    }
}
