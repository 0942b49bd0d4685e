import com.postmarkapp.postmark.client.data.parser.DataHandler;
import com.postmarkapp.postmark.client.exception.PostmarkException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/**
 * Runs checks and prints a line for each.
 *
 * <p>A check bears the name and the types of the method that it is about; a method without a check is reported, too.
 */
final class Check {
    private static final long PATIENCE_MS = 10_000;
    private static final Set<String> CHECKED = new HashSet<>();
    private static final DataHandler JSON = new DataHandler();

    private Check() {}

    /** What may fail. */
    interface Body {
        void run() throws Exception;
    }

    /** Runs a check; what it made, or null if it failed. */
    static <T> T make(String method, Callable<T> body) {
        CHECKED.add(method);
        try {
            T made = body.call();
            System.out.println("ok   " + method);
            return made;
        } catch (Exception | AssertionError problem) {
            System.out.println("FAIL " + method + ": " + problem.toString().replaceAll("\\s+", " "));
            return null;
        }
    }

    /** Runs a check. */
    static void check(String method, Body body) {
        make(method, () -> {
            body.run();
            return null;
        });
    }

    /** Stops the check when something is not so; what follows tells what it is. */
    static void holds(boolean condition, Object... found) throws Exception {
        if (!condition) {
            throw new AssertionError("not as expected: " + JSON.toJson(found));
        }
    }

    /** Stops the check unless the call ends with exactly this exception of the client. */
    static void refused(Class<? extends PostmarkException> kind, Integer code, String text, Body call)
            throws Exception {
        try {
            call.run();
        } catch (PostmarkException problem) {
            holds(problem.getClass() == kind, problem.getClass().getName(), problem.getMessage());
            holds(Objects.equals(problem.getErrorCode(), code), problem.getErrorCode(), problem.getMessage());
            holds(problem.getMessage().contains(text), problem.getMessage());
            return;
        }
        throw new AssertionError("not refused: " + text);
    }

    /** Asks until the answer is yes: what happens after sending takes a moment. */
    static void soon(Callable<Boolean> question) throws Exception {
        long end = System.currentTimeMillis() + PATIENCE_MS;
        while (!question.call()) {
            holds(System.currentTimeMillis() < end, "not in time");
            Thread.sleep(50);
        }
    }

    /** Reports the public methods of the clients that no check is about. */
    static void finish(Class<?>... clients) {
        for (Class<?> client : clients) {
            for (Method method : client.getDeclaredMethods()) {
                boolean isOffered = Modifier.isPublic(method.getModifiers()) && !method.isSynthetic();
                if (isOffered && !CHECKED.contains(signature(method))) {
                    System.out.println("FAIL " + signature(method) + ": never called");
                }
            }
        }
    }

    private static String signature(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(",", method.getName() + "(", ")"));
    }
}
