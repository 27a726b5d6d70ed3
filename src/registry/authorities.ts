import { isIP } from "node:net";
import { networkOf } from "../base/network.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantFile } from "./schema-tenant.ts";

type Authorities = TenantFile["authorities"];

/** What the authorities of a tenant are checked against. */
interface AuthoritiesContext {
  /** The most characters of a subject. */
  readonly subjectLength: number;
  /** The tenant's own issuer. */
  readonly ownIssuer: string;
}

/**
 * Notes a problem if two authorities could give the same subject, if a prefix leaves no room for a subject, if an issuer is
 * at an address that is never fetched from, or if an assertion could be used in more ways than one.
 */
export function checkAuthorities(
  authorities: Authorities,
  { subjectLength, ownIssuer }: AuthoritiesContext,
  problems: Problems,
): void {
  for (const [name, authority] of Object.entries(authorities)) {
    const { issuer, allowPrivateNetwork } = authority;
    checkReach(issuer, { allowPrivateNetwork, setting: "allowPrivateNetwork" }, problems.at(name, "issuer"));
    checkRoom(authority.subjectPrefix, subjectLength, problems.at(name, "subjectPrefix"));
    checkAudiences(authority, ownIssuer, problems.at(name, "audiences"));
  }
  checkOverlap(authorities, problems);
  checkAssertions(authorities, problems);
}

/** An id_token may be shown any number of times. If an assertion were one, too, it would not be used up. */
function checkAudiences({ assertions, audiences }: Authorities[string], ownIssuer: string, problems: Problems): void {
  if (assertions === "once" && audiences.includes(ownIssuer))
    problems.add(
      "expected others than the tenant's issuer, as that is the aud of assertions, which are to be used once",
    );
}

/** The aud of every assertion is the tenant's issuer, so it does not say for which of two authorities it is. */
function checkAssertions(authorities: Authorities, problems: Problems): void {
  const first = new Map<string, string>();
  for (const [name, { issuer, assertions }] of Object.entries(authorities)) {
    if (assertions === "none") continue;
    const other = first.get(issuer);
    if (other === undefined) first.set(issuer, name);
    else
      problems
        .at(name, "assertions")
        .add(`expected none, as ${other} takes assertions of the same issuer, and whoever has one could choose`);
  }
}

/** Whether a URL may be in a private network, and the name of the setting that says so. */
interface Reach {
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
