import type { Faults } from "./faults.ts";
import { type ReadFile, readText } from "./files.ts";
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
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function readPem(path: string, label: string, readFile: ReadFile, faults: Faults): string | undefined {
  const text = readText(readFile, path, faults);
  if (text === undefined || text.includes(`${label}-----`)) return text;
  faults.add(`expected ${path} to hold a PEM ${label.toLowerCase()}`);
  return undefined;
}
