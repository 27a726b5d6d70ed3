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
  /** Whose certificates clients are asked for, by the door; absent: they are asked for none. */
  readonly clients: Readonly<Partial<Record<TlsDoor, TrustedClients>>>;
  /** What it was read from. */
  readonly source: TlsFile;
}

/** The doors that speak TLS. */
export const TLS_DOORS = ["http", "rpc", "operator"] as const;

/** One of {@link TLS_DOORS}. */
type TlsDoor = (typeof TLS_DOORS)[number];

/** The certificates that the clients of one door may have. */
interface TrustedClients {
  readonly ca: string;
  readonly required: boolean;
}

/** Reads the files that the configuration names. Returns undefined if it names none, or a problem was noted. */
export function readTls(source: ConfigFile["tls"], readFile: ReadFile, problems: Problems): TlsMaterial | undefined {
  if (source === undefined) return undefined;
  const certificate = readPem(source.certificate, "CERTIFICATE", readFile, problems.at("certificate"));
  const key = readPem(source.key, "PRIVATE KEY", readFile, problems.at("key"));
  const clients = readClients(source, readFile, problems.at("clientCertificates"));
  if (certificate === undefined || key === undefined || clients === undefined) return undefined;
  const material = { certificate, key, minVersion: source.minVersion, clients, source };
  return areUsable(material, problems) ? material : undefined;
}

/** Undefined if a problem was noted. */
function readClients(
  { clientCertificates }: TlsFile,
  readFile: ReadFile,
  problems: Problems,
): TlsMaterial["clients"] | undefined {
  const doors = TLS_DOORS.flatMap((door) => {
    const configured = clientCertificates[door];
    if (configured === undefined) return [];
    const ca = readAuthorities(configured.ca, readFile, problems.at(door, "ca"));
    return [[door, ca && { ca, required: configured.required }] as const];
  });
  const read = doors.filter((entry): entry is [TlsDoor, TrustedClients] => entry[1] !== undefined);
  return read.length === doors.length ? Object.fromEntries(read) : undefined;
}

/** Certificates that can all be read: Node would leave out one that cannot, and so refuse its clients. */
function readAuthorities(path: string, readFile: ReadFile, problems: Problems): string | undefined {
  const text = readPem(path, "CERTIFICATE", readFile, problems);
  const certificates = text?.match(/-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs) ?? [];
  const areReadable = certificates.every(
    (one) => parsed(() => new X509Certificate(one), `${path} to contain certificates`, problems) !== undefined,
  );
  return areReadable ? text : undefined;
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
