import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startAuthority } from "../test/support/authority.ts";
import { freePort } from "../test/support/free-port.ts";
import { type ServiceProcess, startProcess } from "../test/support/process.ts";
import { certificatesConfig, interopConfig, SECRET_VARIABLE } from "./config.ts";
import { startIssuer } from "./forgeries.ts";
import { casesText } from "./verifiers.ts";

/** Certificates, as PEM files: of a server, of an authority for clients, and of clients. */
const TLS = join(import.meta.dirname, "../test/support/tls");

/** What the clients meet. */
export interface Surroundings {
  /** The variables that tell them. */
  readonly told: Readonly<Record<string, string>>;
  /** The issuer whose tokens the verifiers decide on. */
  readonly verifiedIssuer: string;
  close(): Promise<void>;
}

/**
 * Starts mintmark as a user starts it, with its data in a folder; an authority that vouches for users; and, as forgeries
 * need a key of the issuer, an issuer for the verifiers.
 */
export async function startSurroundings(folder: string): Promise<Surroundings> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = { kid: "2026", alg: "ES256" };
  const jwk = { ...(publicKey.export({ format: "jwk" }) as Record<string, string>), ...named };
  const secret = randomBytes(32).toString("hex");
  const bundleAddress = `127.0.0.1:${await freePort()}`;
  const cases = join(folder, "cases");

  const authority = await startAuthority();
  authority.keys.push({ ...jwk, use: "sig" });
  const verified = await startIssuer();
  writeFileSync(cases, casesText(verified.cases));
  const config = interopConfig({ jwk, bundle: `http://${bundleAddress}/`, authority: authority.issuer });
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
  const service = await startProcess(folder, {
    MINTMARK_CONFIG: "mintmark.json",
    MINTMARK_KEY_ENCRYPTION_KEY: randomBytes(32).toString("base64url"),
    [SECRET_VARIABLE]: secret,
  });
  const certified = await startCertified(join(folder, "certified"));
  return {
    told: {
      INTEROP_ISSUER: service.publicUrl,
      INTEROP_AUTHORITY: authority.issuer,
      INTEROP_BUNDLE_ADDRESS: bundleAddress,
      INTEROP_CASES: cases,
      INTEROP_MTLS_ISSUER: certified.publicUrl,
      INTEROP_TLS: TLS,
      INTEROP_JWK: JSON.stringify({ ...privateKey.export({ format: "jwk" }), ...named }),
      [SECRET_VARIABLE]: secret,
    },
    verifiedIssuer: verified.url,
    async close() {
      await service.stop();
      await certified.stop();
      await verified.close();
      await authority.stop();
    },
  };
}

/** Starts a mintmark that asks for certificates, which has another URL for clients that have one. */
async function startCertified(folder: string): Promise<ServiceProcess> {
  mkdirSync(folder);
  const port = await freePort();
  const file = (name: string) => join(TLS, `${name}.pem`);
  const files = { certificate: file("cert"), key: file("key"), clientCa: file("client-ca") };
  const config = certificatesConfig(files, `https://127.0.0.1:${port}`);
  writeFileSync(join(folder, "mintmark.json"), JSON.stringify(config));
  return startProcess(folder, {
    MINTMARK_CONFIG: "mintmark.json",
    MINTMARK_KEY_ENCRYPTION_KEY: randomBytes(32).toString("base64url"),
    MINTMARK_HTTP_ADDRESS: `127.0.0.1:${port}`,
    MINTMARK_PUBLIC_URL: `https://localhost:${port}`,
  });
}
