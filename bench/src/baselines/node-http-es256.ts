/** As `node-http.ts`, with a JWT that is signed with ES256 for each request, and nothing else that a mint does. */
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createServer } from "node:http";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
const header = toBase64Url({ alg: "ES256", typ: "at+jwt", kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" });

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const input = `${header}.${toBase64Url(claimsOf(form))}`;
    // Node's thread pool signs, so that a second core has a use.
    sign("sha256", Buffer.from(input), key, (error, signature) => {
      if (error !== null) throw error;
      const token = `${input}.${signature.toString("base64url")}`;
      const body = JSON.stringify({ access_token: token, token_type: "Bearer", expires_in: 3600, scope: "nitro" });
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "cache-control": "no-store",
      });
      response.end(body);
    });
  });
}).listen(Number(process.argv[2]), "127.0.0.1");

function claimsOf(form: URLSearchParams): object {
  const now = Math.floor(Date.now() / 1000);
  return {
    ...{ nbf: now, exp: now + 3600, iat: now, jti: randomUUID(), iss: "https://mint.example/es256" },
    ...{ aud: ["https://mint.example/es256/resources", "nitro"], client_id: form.get("client_id") },
    ...{ sub: form.get("subject"), auth_time: now, idp: "local", amr: ["arbitrary_resource_owner"] },
    ...{ scope: ["nitro"], role: ["admin"] },
  };
}

function toBase64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
