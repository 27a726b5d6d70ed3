import { isIP } from "node:net";
import { networkOf } from "../base/network.ts";
import type { Problems } from "../schema/problems.ts";
import type { TenantFile } from "./schema-tenant.ts";

type Authorities = TenantFile["authorities"];

/**
 * Notes if two authorities could give the same subject, if a prefix leaves no room for a subject within `subjectLength`
 * characters, and if an issuer is at an address that is never fetched from.
 */
export function checkAuthorities(authorities: Authorities, subjectLength: number, problems: Problems): void {
  for (const [name, authority] of Object.entries(authorities)) {
    checkReach(authority, problems.at(name, "issuer"));
    checkRoom(authority.subjectPrefix, subjectLength, problems.at(name, "subjectPrefix"));
  }
  checkOverlap(authorities, problems);
}

/** A name may lead anywhere, and is looked up each time; an address is what it is. */
function checkReach({ issuer, allowPrivateNetwork }: Authorities[string], problems: Problems): void {
  const host = (URL.parse(issuer)?.hostname ?? "").replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) === 0) return;
  const network = networkOf(host);
  if (network === "reserved") problems.add(`expected an address that a provider can have, got ${host}`);
  if (network === "private" && !allowPrivateNetwork) {
    problems.add(`expected a public address, or allowPrivateNetwork: true beside it, got ${host}`);
  }
}

function checkRoom(subjectPrefix: string, subjectLength: number, problems: Problems): void {
  if (subjectPrefix.length < subjectLength) return;
  problems.add(
    `expected fewer characters than a subject may have (limits.subjectLength: ${subjectLength}), got ${subjectPrefix.length}`,
  );
}

/**
 * No two authorities may name the same subject, whatever the subs of their id_tokens; not even for a reader that takes
 * letters of another case or another Unicode form for the same.
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
        `expected one that does not begin the prefix of ${other}, or they could give the same subject; ` +
          (prefix === "" ? "got none" : `${JSON.stringify(prefix)} begins ${describe(longer, prefix)}`),
      );
  }
}

function begins(prefix: string, longer: string): boolean {
  return longer.startsWith(prefix) || fold(longer).startsWith(fold(prefix));
}

function describe(longer: string, prefix: string): string {
  return `${JSON.stringify(longer)}${longer.startsWith(prefix) ? "" : " but for case or Unicode form"}`;
}

/** In upper case, as that of a letter does not depend on its neighbours; decomposed, as accents may follow a prefix. */
function fold(text: string): string {
  return text.normalize("NFKD").toUpperCase().normalize("NFKD");
}
