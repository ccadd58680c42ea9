import java.nio.file.Path;
import org.apache.solr.embedded.JettyConfig;
import org.apache.solr.embedded.JettySolrRunner;

/** A Solr server on a port of 127.0.0.1, with the cores that lie in a folder. */
public class SolrServer {
  public static void main(String[] arguments) throws Exception {
    String home = Path.of(arguments[0]).toAbsolutePath().toString();
    int port = Integer.parseInt(arguments[1]);
    JettySolrRunner server = new JettySolrRunner(home, JettyConfig.builder().setPort(port).build());
    server.start();
    System.out.println("ready " + server.getLocalPort());
    System.in.transferTo(java.io.OutputStream.nullOutputStream()); // ends with the process that started it
    server.stop();
    System.exit(0);
  }
}
