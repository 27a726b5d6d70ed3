import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Faults } from "../schema/problems.ts";
import { errorCode, type ReadFile, readText } from "./files.ts";
import type { ConfigFile } from "./schema.ts";

/** What both servers need for TLS, in PEM. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
}

/** Reads the files that the configuration names; undefined where it names none, or a fault was noted. */
export function readTls(paths: ConfigFile["tls"], readFile: ReadFile, faults: Faults): TlsMaterial | undefined {
  if (paths === undefined) return undefined;
  const certificate = readPem(paths.certificate, "CERTIFICATE", readFile, faults.at("certificate"));
  const key = readPem(paths.key, "PRIVATE KEY", readFile, faults.at("key"));
  if (certificate === undefined || key === undefined) return undefined;
  return areUsable({ certificate, key }, paths, faults) ? { certificate, key } : undefined;
}

function readPem(path: string, label: string, readFile: ReadFile, faults: Faults): string | undefined {
  const text = readText(readFile, path, faults);
  if (text === undefined || text.includes(`${label}-----`)) return text;
  faults.add(`expected ${path} to hold a PEM ${label.toLowerCase()}`);
  return undefined;
}

/** Whether a server can use them together; notes a fault where not, and nothing of what they hold. */
function areUsable({ certificate, key }: TlsMaterial, paths: NonNullable<ConfigFile["tls"]>, faults: Faults): boolean {
  const leaf = parsed(
    () => new X509Certificate(certificate),
    `${paths.certificate} to hold a certificate`,
    faults.at("certificate"),
  );
  const own = parsed<KeyObject>(
    () => createPrivateKey(key),
    `${paths.key} to hold a private key without a passphrase`,
    faults.at("key"),
  );
  if (leaf === undefined || own === undefined) return false;
  if (!leaf.checkPrivateKey(own)) {
    faults
      .at("key")
      .add(`expected ${paths.key} to hold the private key of the first certificate in ${paths.certificate}`);
    return false;
  }
  return (
    parsed(() => createSecureContext({ cert: certificate, key }), "a certificate chain and a key for TLS", faults) !==
    undefined
  );
}

function parsed<T>(parse: () => T, what: string, faults: Faults): T | undefined {
  try {
    return parse();
  } catch (error) {
    faults.add(`expected ${what}; it cannot be used (${errorCode(error)})`);
    return undefined;
  }
}
