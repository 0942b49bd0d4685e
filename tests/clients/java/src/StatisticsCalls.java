import com.postmarkapp.postmark.client.ApiClient;
import com.postmarkapp.postmark.client.Parameters;
import java.util.Date;
import java.util.Map;

/** Statistics of the messages that seed.py sent, and of the few that were sent since. */
final class StatisticsCalls {
    private static final long DAY_MS = 86_400_000;
    private static final ApiClient CLIENT = Sweep.CLIENT;

    private StatisticsCalls() {}

    static void run() {
        counts();
        opens();
        clicks();
    }

    private static Parameters all() {
        return Parameters.init();
    }

    private static Parameters tagged() {
        return Parameters.init().build("tag", "test_tag");
    }

    private static void counts() {
        Check.check("getOutboundStats(Parameters)", () -> {
            var found = CLIENT.getOutboundStats(tagged());
            Check.holds(found.getSent() == 24 && found.getTracked() == 24, found);
            Check.holds(found.getOpens() == 6 && found.getTotalClicks() == 12, found);
            Check.holds(found.getBounced() > 0 && found.getBounceRate() > 0, found);
            Check.holds(found.getWithClientRecorded() == 6 && found.getWithReadTimeRecorded() == 6, found);
        });
        Check.check("getOutboundSendStats(Parameters)", () -> {
            var found = CLIENT.getOutboundSendStats(all());
            Check.holds(found.getSent() > 72, found);
            Check.holds(found.getDays().stream().mapToInt(day -> day.getSent()).sum() == found.getSent(), found);
            Check.holds(found.getDays().stream().allMatch(day -> day.getDate() != null), found);
            var end = new Date(System.currentTimeMillis() - 10 * DAY_MS);
            var part = CLIENT.getOutboundSendStats(all().build("todate", end));
            Check.holds(part.getSent() > 0 && part.getSent() < found.getSent(), part);
        });
        Check.check("getOutboundBounceStats(Parameters)", () -> {
            var found = CLIENT.getOutboundBounceStats(all());
            Check.holds(found.getHardBounce() == 3 && found.getSoftBounce() == 1, found);
            Check.holds(found.getDays().get(0).getDate() != null, found);
        });
        Check.check("getOutboundSpamStats(Parameters)", () -> {
            var found = CLIENT.getOutboundSpamStats(all());
            Check.holds(found.getSpamComplaint() == 1 && found.getDays().size() == 1, found);
        });
        Check.check("getOutboundTrackedStats(Parameters)", () -> {
            var found = CLIENT.getOutboundTrackedStats(tagged());
            Check.holds(found.getTracked() == 24, found);
            Check.holds(found.getDays().stream().mapToInt(day -> day.getTracked()).sum() == 24, found);
        });
    }

    private static void opens() {
        Check.check("getOutboundOpenStats(Parameters)", () -> {
            var found = CLIENT.getOutboundOpenStats(tagged());
            Check.holds(found.getOpens() == 6 && found.getUnique() == 6 && found.getDays().size() == 6, found);
        });
        Check.check("getOutboundOpenPlatformStats(Parameters)", () -> {
            var found = CLIENT.getOutboundOpenPlatformStats(all());
            Check.holds(found.getDesktop() == 18, found);
            Check.holds(found.getDays().stream().mapToInt(day -> day.getDesktop()).sum() == 18, found);
        });
        Check.check("getOutboundOpenClientStats(Parameters)", () -> {
            Map<?, ?> found = CLIENT.getOutboundOpenClientStats(all());
            Check.holds(Integer.valueOf(18).equals(found.get("Chrome")), found);
        });
        Check.check("getOutboundOpenReadTimes(Parameters)", () -> {
            Map<?, ?> found = CLIENT.getOutboundOpenReadTimes(all());
            Check.holds(Integer.valueOf(18).equals(found.get("5s")), found);
        });
    }

    private static void clicks() {
        Check.check("getOutboundClickStats(Parameters)", () -> {
            var found = CLIENT.getOutboundClickStats(all());
            Check.holds(found.getClicks() == 12 && found.getUnique() == 12, found);
            Check.holds(found.getDays().stream().mapToInt(day -> day.getClicks()).sum() == 12, found);
        });
        Check.check("getOutboundClickBrowsersStats(Parameters)", () -> {
            Map<?, ?> found = CLIENT.getOutboundClickBrowsersStats(all());
            Check.holds(Integer.valueOf(12).equals(found.get("Chrome")), found);
        });
        Check.check("getOutboundClickPlatformStats(Parameters)", () -> {
            var found = CLIENT.getOutboundClickPlatformStats(all());
            Check.holds(found.getDesktop() == 12 && found.getDays().size() == 12, found);
        });
        Check.check("getOutboundClickLocationStats(Parameters)", () -> {
            var found = CLIENT.getOutboundClickLocationStats(all());
            Check.holds(found.getHtml() == 12 && found.getDays().get(0).getHtml() == 1, found);
        });
    }
}
