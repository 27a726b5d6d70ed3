import assert from "node:assert/strict";
import { OAuthError, type OAuthErrorCode } from "../../src/engine/errors.ts";
import type { TokenSet } from "../../src/engine/request.ts";
import type { Client } from "../../src/registry/tenant.ts";
import type { Store } from "../../src/store/port.ts";
import { type FakeClock, fakeClock } from "../support/clock.ts";
import { type TestContext, testContext } from "../support/context.ts";
import { SECRET, testClient, testTenant } from "../support/tenant.ts";
import type { AccessToken, Grant, Model, Rules } from "./model.ts";

/** Two of one namespace, and one that has nothing to do with them. */
export const CLIENTS = ["one", "sibling", "stranger"] as const;
export const SUBJECTS = ["alice", "bob", undefined] as const;

/** Two nodes of one mint, which share a store and agree on the time. */
export interface Nodes {
  readonly contexts: readonly TestContext[];
  readonly store: Store;
  readonly clock: FakeClock;
}

/** The rules of the model, as the clients of the nodes are registered. */
export function rulesOf(members: Pick<Rules, "usage" | "grace" | "sliding">): Rules {
  const namespaces = { one: "group", sibling: "group", stranger: undefined };
  return { ...members, absolute: 900_000, namespaces };
}

/** What an access token lives unless less is asked for, in seconds. */
export const ACCESS_TOKEN_LIFETIME = 60;

export async function openNodes(store: Store, rules: Rules): Promise<Nodes> {
  const members: Partial<Client> = {
    accessTokenLifetime: ACCESS_TOKEN_LIFETIME,
    refreshTokenUsage: rules.usage,
    refreshGrace: rules.grace / 1000,
    slidingRefreshTokenLifetime: rules.sliding / 1000,
    absoluteRefreshTokenLifetime: rules.absolute / 1000,
  };
  const clients = CLIENTS.map((id) => testClient({ ...members, id, namespace: rules.namespaces[id] }));
  const clock = fakeClock();
  const open = () => testContext(testTenant({}, clients), store, undefined, clock);
  return { contexts: [await open(), await open()], store, clock };
}

export const credentialsOf = (clientId: string) => ({ clientId, clientSecret: SECRET });

/** The engine of one of the nodes. */
export function engineOf({ contexts }: Nodes, node: number) {
  const context = contexts[node % contexts.length];
  assert(context !== undefined);
  return context.engine;
}

/** The code that an operation was refused with, or undefined if it was done. */
export async function refusalCode(operation: Promise<unknown>): Promise<OAuthErrorCode | undefined> {
  try {
    await operation;
    return undefined;
  } catch (error) {
    if (error instanceof OAuthError) return error.code;
    throw error;
  }
}

/** Notes an access token that a client was told at the clock's moment. */
export function noteAccessToken(model: Model, nodes: Nodes, tokens: TokenSet, of: Grant | AccessTokenOwner): void {
  const now = nodes.clock.now();
  assert(!model.accessTokens.some(({ text }) => text === tokens.accessToken), "an access token was given twice");
  model.accessTokens.push({
    text: tokens.accessToken,
    client: of.client,
    subject: of.subject,
    grant: "refreshTokens" in of ? of : undefined,
    // As JWTs count: from the whole second on.
    expiresAt: (Math.floor(now / 1000) + tokens.expiresIn) * 1000,
    ended: false,
    forgotten: false,
  });
}

/** Whose an access token without a grant is. */
export type AccessTokenOwner = Pick<AccessToken, "client" | "subject">;

/** Looks at every token that was ever told, and fails if a node says anything but what the model says. */
export async function compare(model: Model, nodes: Nodes): Promise<void> {
  const now = nodes.clock.now();
  const activeFor = async (client: string, node: number, token: string) =>
    (await engineOf(nodes, node).introspect(credentialsOf(client), { token })).active;

  async function look(what: string, token: string, client: string, active: boolean): Promise<void> {
    for (const node of nodes.contexts.keys()) {
      assert.equal(await activeFor(client, node, token), active, `${what} of ${client}, on node ${node}`);
    }
    const other = CLIENTS.find((id) => id !== client) ?? "";
    if (active) assert.equal(await activeFor(other, 0, token), false, `${what} of ${client}, shown to ${other}`);
  }

  for (const [index, token] of model.accessTokens.entries()) {
    await look(`access token ${index}`, token.text, token.client, model.isAlive(token, now));
  }
  for (const [index, grant] of model.grants.entries()) {
    for (const [generation, text] of grant.refreshTokens.entries()) {
      await look(`grant ${index}.${generation}`, text, grant.client, model.isCurrent(grant, generation, now));
    }
  }
}
