// Sends a span every few seconds on a connection that it keeps, by the JDK's client as it is: it offers HTTP/2 by Upgrade.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

class Sender {
    public static void main(String[] arguments) throws InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        int spans = Integer.parseInt(arguments[1]);
        for (int number = 1; number <= spans; number++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .header("content-type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(arguments[3].replace("NUMBER", String.format("%016x", number))))
                .build();
            try {
                int status = client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
                if (status != 200) System.err.println(number + ": " + status);
            } catch (java.io.IOException error) {
                System.err.println(number + ": " + error);
            }
            if (number < spans) Thread.sleep(Math.round(1000 * Double.parseDouble(arguments[2])));
        }
    }
}
