import type { Instant } from "../../src/base/clock.ts";

/** How the clients of a model are registered. Times are in milliseconds. */
export interface Rules {
  readonly usage: "rotate" | "reuse";
  readonly grace: number;
  readonly sliding: number;
  readonly absolute: number;
  /** The namespace that each client is in. */
  readonly namespaces: Readonly<Record<string, string | undefined>>;
}

/** A grant, as the client knows it that it was given to. */
export interface Grant {
  readonly client: string;
  readonly subject: string | undefined;
  readonly mintedAt: Instant;
  /** What was told, by generation. */
  readonly refreshTokens: string[];
  rotatedAt: Instant;
  expiresAt: Instant;
  ended: boolean;
}

/** An access token, as the client knows it that it was given to. */
export interface AccessToken {
  readonly text: string;
  readonly client: string;
  readonly subject: string | undefined;
  readonly grant: Grant | undefined;
  readonly expiresAt: Instant;
  ended: boolean;
  /** Whether nothing tells any more that it ever was: its row is gone. */
  forgotten: boolean;
}

/** What must be so by what the clients were told and did: it knows nothing of rows, macs or revocations. */
export class Model {
  readonly grants: Grant[] = [];
  readonly accessTokens: AccessToken[] = [];
  readonly rules: Rules;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** Whether an access token is active. */
  isAlive({ ended, expiresAt, grant }: AccessToken, now: Instant): boolean {
    return !ended && now < expiresAt && !grant?.ended;
  }

  /** Whether a refresh token is active. */
  isCurrent(grant: Grant, generation: number, now: Instant): boolean {
    return !grant.ended && now < grant.expiresAt && generation === grant.refreshTokens.length - 1;
  }

  /** What a refresh by the grant's own client leads to: the next refresh token, the same as last time, or a refusal. */
  refresh(grant: Grant, generation: number, now: Instant): "next" | "same" | "refused" {
    const { usage, grace } = this.rules;
    if (grant.ended || now >= grant.expiresAt) return "refused";
    const age = grant.refreshTokens.length - 1 - generation;
    if (age === 1 && now < grant.rotatedAt + grace) return "same";
    grant.ended = age > 0;
    if (grant.ended) return "refused";
    grant.rotatedAt = now;
    grant.expiresAt = this.expiryOf(grant.mintedAt, now);
    return usage === "rotate" ? "next" : "same";
  }

  /** When a grant that was minted and last refreshed then can be refreshed no more. */
  expiryOf(mintedAt: Instant, now: Instant): Instant {
    return Math.min(mintedAt + this.rules.absolute, now + this.rules.sliding);
  }

  /** The moments at which something that lives will change by itself, the nearest first. */
  deadlines(now: Instant): readonly Instant[] {
    const grants = this.grants.filter(({ ended }) => !ended);
    const moments = [
      ...grants.flatMap(({ rotatedAt, expiresAt }) => [rotatedAt + this.rules.grace, expiresAt]),
      ...this.accessTokens.filter((token) => this.isAlive(token, now)).map(({ expiresAt }) => expiresAt),
    ];
    return moments.filter((moment) => moment > now).sort((a, b) => a - b);
  }

  /** Ends all that a subject has, of one client or of its whole namespace. */
  endSubject(subject: string | undefined, client: string, wholeNamespace: boolean): void {
    const { namespaces } = this.rules;
    const reached = (other: string) =>
      other === client ||
      (wholeNamespace && namespaces[client] !== undefined && namespaces[other] === namespaces[client]);
    for (const token of [...this.grants, ...this.accessTokens]) {
      if (subject !== undefined && token.subject === subject && reached(token.client)) token.ended = true;
    }
  }
}
