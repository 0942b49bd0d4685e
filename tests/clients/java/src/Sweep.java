import static java.lang.System.getenv;

import com.postmarkapp.postmark.Postmark;
import com.postmarkapp.postmark.client.AccountApiClient;
import com.postmarkapp.postmark.client.ApiClient;

/** Every call of com.postmarkapp:postmark, each against a platform that is filled as seed.py says. */
final class Sweep {
    static final String HOST = getenv("REQUEST_HOST");
    static final String TOKEN = getenv("SERVER_API_TOKEN");
    static final String FROM = getenv("SENDER_EMAIL_ADDRESS");
    static final String TO = getenv("RECIPIENT_EMAIL_ADDRESS");
    static final String DOMAIN = getenv("DOMAIN_NAME");

    static final ApiClient CLIENT = Postmark.getApiClient(TOKEN, false, HOST);
    static final AccountApiClient ACCOUNT =
            Postmark.getAccountApiClient(getenv("ACCOUNT_API_TOKEN"), false, HOST);

    private Sweep() {}

    public static void main(String[] arguments) {
        ServerCalls.run();
        StreamCalls.run();
        StatisticsCalls.run();
        AccountCalls.run();
        Check.finish(ApiClient.class, AccountApiClient.class);
    }
}
