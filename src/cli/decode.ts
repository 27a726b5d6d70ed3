import { Command } from "commander";
import { isJsonObject, type JsonObject, parseExactJson } from "../base/json.ts";
import { isCompactJws } from "../token/compact-jws.ts";
import { looksLikeHandle } from "../token/reference-token.ts";
import { looksLikeRefreshToken } from "../token/refresh-token.ts";
import { withExamples } from "./frame/examples.ts";
import { UsageError } from "./frame/exit.ts";
import type { Io } from "./frame/io.ts";
import { type OutputOptions, print, withOutput } from "./frame/output.ts";
import { formatClaims } from "./frame/table.ts";
import { readToken, withToken } from "./remote/token-options.ts";

/** `mintmark decode`: shows what a token says, offline. */
export function decode(io: Io): Command {
  const command = new Command("decode")
    .summary("Show the contents of a token without verifying it")
    .description(
      "Show the header and claims of a JWT, or the grant that a refresh token belongs to. The token is not verified, and no " +
        "service is called. Use introspect to find out whether a token is active.",
    )
    .action(async (file: string | undefined, options: OutputOptions) => {
      const decoded = decodeToken(await readToken(io, file, "token"));
      if (io.stdout.isTTY) io.stderr.write("Not verified: anyone could have written this.\n\n");
      await print(io, decoded, options, (output) =>
        Object.values(decoded)
          .map((part) => formatClaims(isJsonObject(part) ? part : decoded, output))
          .join("\n\n"),
      );
    });
  return withExamples(withOutput(withToken(command, "token")), [
    ["mintmark decode token.txt", "Decode a token from a file"],
    ["mintmark decode - --field claims.sub < token.txt", "Print only the subject"],
  ]);
}

/** Decodes a JWT or a refresh token. Throws {@link UsageError} for any other text, without quoting it. */
function decodeToken(token: string): JsonObject {
  if (looksLikeRefreshToken(token)) {
    const [key = "", family = "", generation = ""] = token.split(".");
    return { refresh_token: { family, generation: Number(generation), key_generation: Number(key) } };
  }
  if (looksLikeHandle(token)) {
    throw new UsageError("This is a reference token, which has no contents. Use mintmark introspect instead.");
  }
  if (!isCompactJws(token)) throw new UsageError("Cannot decode the token: expected a JWT or a refresh token.");
  const [header = "", claims = ""] = token.split(".");
  return { header: partOf(header), claims: partOf(claims) };
}

function partOf(part: string): JsonObject {
  try {
    const value = parseExactJson(Buffer.from(part, "base64url").toString("utf8"));
    if (isJsonObject(value)) return value;
  } catch {
    // It is not JSON: no JWT.
  }
  throw new UsageError("This is not a JWT: its header and claims must be JSON objects.");
}
