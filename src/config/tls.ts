import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { Problems } from "../schema/problems.ts";
import { errorCode, type ReadFile, readText } from "./files.ts";
import type { ConfigFile } from "./schema.ts";

type TlsFile = NonNullable<ConfigFile["tls"]>;

/** A certificate chain and its private key, in PEM. */
export interface TlsMaterial {
  readonly certificate: string;
  readonly key: string;
  /** The lowest version that is spoken. */
  readonly minVersion: TlsFile["minVersion"];
  /** What it was read from. */
  readonly source: TlsFile;
}

/** Reads the files that the configuration names. Returns undefined if it names none, or a problem was noted. */
export function readTls(source: ConfigFile["tls"], readFile: ReadFile, problems: Problems): TlsMaterial | undefined {
  if (source === undefined) return undefined;
  const certificate = readPem(source.certificate, "CERTIFICATE", readFile, problems.at("certificate"));
  const key = readPem(source.key, "PRIVATE KEY", readFile, problems.at("key"));
  if (certificate === undefined || key === undefined) return undefined;
  const material = { certificate, key, minVersion: source.minVersion, source };
  return areUsable(material, problems) ? material : undefined;
}

function readPem(path: string, label: string, readFile: ReadFile, problems: Problems): string | undefined {
  const text = readText(readFile, path, problems);
  if (text === undefined || text.includes(`${label}-----`)) return text;
  problems.add(`expected ${path} to contain a PEM ${label.toLowerCase()}`);
  return undefined;
}

/** Whether a server can use them together. Notes a problem if not, without quoting them. */
function areUsable({ certificate, key, source }: TlsMaterial, problems: Problems): boolean {
  const leaf = parsed(
    () => new X509Certificate(certificate),
    `${source.certificate} to contain a certificate`,
    problems.at("certificate"),
  );
  const own = parsed<KeyObject>(
    () => createPrivateKey(key),
    `${source.key} to contain a private key without a passphrase`,
    problems.at("key"),
  );
  if (leaf === undefined || own === undefined) return false;
  if (!leaf.checkPrivateKey(own)) {
    problems
      .at("key")
      .add(`expected ${source.key} to contain the private key of the first certificate in ${source.certificate}`);
    return false;
  }
  return (
    parsed(() => createSecureContext({ cert: certificate, key }), "a certificate chain and a key for TLS", problems) !==
    undefined
  );
}

function parsed<T>(parse: () => T, what: string, problems: Problems): T | undefined {
  try {
    return parse();
  } catch (error) {
    problems.add(`expected ${what}; it is not usable (${errorCode(error)})`);
    return undefined;
  }
}
