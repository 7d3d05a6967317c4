import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.apache.tika.metadata.Metadata;
import org.apache.tika.parser.AutoDetectParser;
import org.apache.tika.parser.ParseContext;
import org.apache.tika.parser.Parser;
import org.apache.tika.sax.BodyContentHandler;

/** Apache Tika as peer_reader.py has the others: a path a line in; seconds, outcome and text a line out. One JVM reads all. */
public class TikaReader {
    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        AutoDetectParser parser = new AutoDetectParser();
        answers.println("ready");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            long start = System.nanoTime();
            String outcome = "ok";
            BodyContentHandler handler = new BodyContentHandler(-1);
            Metadata metadata = new Metadata();
            try (InputStream stream = Files.newInputStream(Path.of(line))) {
                ParseContext context = new ParseContext();
                context.set(Parser.class, parser); // attachments, too
                metadata.set("resourceName", Path.of(line).getFileName().toString());
                parser.parse(stream, handler, metadata, context);
            } catch (Throwable failure) {
                outcome = "failed: " + failure.getClass().getSimpleName();
            }
            StringBuilder text = new StringBuilder(handler.toString());
            for (String name : new String[] {"dc:title", "dc:subject", "Message-From", "Message-To", "Message-Cc"}) {
                for (String value : metadata.getValues(name)) {
                    text.append('\n').append(value);
                }
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            String encoded = outcome.equals("ok") ? Base64.getEncoder().encodeToString(text.toString().getBytes(StandardCharsets.UTF_8)) : "";
            answers.printf("%.6f\t%s\t%s%n", seconds, outcome, encoded);
            answers.flush();
        }
    }
}
