import java.nio.file.Files;
import java.nio.file.Path;

/** Has the verifier of docs/verifying.md decide on each token: see ../verifier-javascript/main.mjs. */
final class Main {
  public static void main(String[] args) throws Exception {
    var verifier = new Verifier();
    var lines = Files.readAllLines(Path.of(System.getenv("INTEROP_CASES")));
    for (var line : lines) {
      var parts = line.split("\t");
      var verdict = isAccepted(verifier, parts[2]) ? "accepted" : "refused";
      if (!verdict.equals(parts[0])) throw new IllegalStateException(parts[1] + " was " + verdict);
    }
    System.out.println("decides " + lines.size() + " times as it should");
  }

  private static boolean isAccepted(Verifier verifier, String token) {
    try {
      verifier.verify(token);
      return true;
    } catch (java.text.ParseException | com.nimbusds.jose.proc.BadJOSEException | com.nimbusds.jose.JOSEException e) {
      return false;
    }
  }
}
