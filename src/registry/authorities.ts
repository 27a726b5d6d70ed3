import { isIP } from "node:net";
import { networkOf } from "../base/network.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantFile } from "./schema-tenant.ts";

type Authorities = TenantFile["authorities"];

/**
 * Notes a problem if two authorities could give the same subject, if a prefix leaves no room for a subject of at most
 * `subjectLength` characters, or if an issuer is at an address that is never fetched from.
 */
export function checkAuthorities(authorities: Authorities, subjectLength: number, problems: Problems): void {
  for (const [name, authority] of Object.entries(authorities)) {
    const { issuer, allowPrivateNetwork } = authority;
    checkReach(issuer, { allowPrivateNetwork, setting: "allowPrivateNetwork" }, problems.at(name, "issuer"));
    checkRoom(authority.subjectPrefix, subjectLength, problems.at(name, "subjectPrefix"));
  }
  checkOverlap(authorities, problems);
}

/** Whether a URL may be in a private network, and the name of the setting that says so. */
export interface Reach {
  readonly allowPrivateNetwork: boolean;
  readonly setting: string;
}

/**
 * Notes a problem if a URL is at an address that is never fetched from. Checks addresses only: a name may lead anywhere, so it
 * is checked after each look-up.
 */
export function checkReach(url: string, { allowPrivateNetwork, setting }: Reach, problems: Problems): void {
  const host = (URL.parse(url)?.hostname ?? "").replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0) return;
  const network = networkOf(host);
  if (network === "reserved") problems.add(`expected an address that a provider can use, got ${host}`);
  if (network === "private" && !allowPrivateNetwork) {
    problems.add(`expected a public address, or ${setting}: true beside it, got ${host}`);
  }
}

function checkRoom(subjectPrefix: string, subjectLength: number, problems: Problems): void {
  if (subjectPrefix.length < subjectLength) return;
  problems.add(
    `expected fewer characters than a subject may have (limits.subjectLength: ${subjectLength}), got ${subjectPrefix.length}`,
  );
}

/**
 * No two authorities may give the same subject, whatever the `sub` of their id_tokens: otherwise one could act for the
 * other's users. Nor may a reader that ignores case or Unicode form take two subjects for the same.
 */
function checkOverlap(authorities: Authorities, problems: Problems): void {
  const entries = Object.entries(authorities);
  for (const [name, { subjectPrefix: prefix }] of entries) {
    const clash = entries.find(([other, { subjectPrefix: longer }]) => other !== name && begins(prefix, longer));
    if (clash === undefined) continue;
    const [other, { subjectPrefix: longer }] = clash;
    problems
      .at(name, "subjectPrefix")
      .add(
        `expected a prefix that is not the beginning of ${other}'s, or both could produce the same subject; ` +
          (prefix === "" ? "got none" : `${JSON.stringify(prefix)} is the beginning of ${describe(longer, prefix)}`),
      );
  }
}

function begins(prefix: string, longer: string): boolean {
  return longer.startsWith(prefix) || fold(longer).startsWith(fold(prefix));
}

function describe(longer: string, prefix: string): string {
  return `${JSON.stringify(longer)}${longer.startsWith(prefix) ? "" : ", ignoring case and Unicode form"}`;
}

/**
 * Folds to upper case, which does not depend on neighbouring letters, and decomposed, as a prefix may end before
 * accents.
 */
function fold(text: string): string {
  return text.normalize("NFKD").toUpperCase().normalize("NFKD");
}
