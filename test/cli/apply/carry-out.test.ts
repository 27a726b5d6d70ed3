import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OAuthErrorDetailSchema } from "../../../gen/mintmark/v1/error_pb.ts";
import { carryOut } from "../../../src/cli/apply/carry-out.ts";
import { differenceOf } from "../../../src/cli/apply/difference.ts";
import type { Wanted } from "../../../src/cli/apply/wanted.ts";
import type { Registry } from "../../../src/cli/registry/service.ts";
import { serviceError } from "../../../src/cli/remote/errors.ts";

const refusal = (code: Code, errorDescription: string) =>
  new ConnectError("", code, undefined, [
    { desc: OAuthErrorDetailSchema, value: { error: "invalid_request", errorDescription } },
  ]);

/** What creates these clients of a tenant, and the tenant. */
function steps(...ids: readonly string[]) {
  const clients = new Map(ids.map((id) => [id, { settings: {}, hashes: undefined }]));
  const wanted: Wanted = new Map([["acme", { settings: {}, clients }]]);
  return differenceOf(wanted, new Map(), false).steps;
}

/** Carries the steps out by a registry whose calls do this, and gives what became of each and what was called. */
async function carriedOut(
  ids: readonly string[],
  does: (rpc: "createTenant" | "createClient", client: string | undefined, calls: number) => void,
) {
  const calls: string[] = [];
  const call = (rpc: "createTenant" | "createClient") => async (request: { readonly client?: string }) => {
    calls.push(request.client ?? rpc);
    does(rpc, request.client, calls.length);
    const times = { createTime: { seconds: 0n, nanos: 0 }, updateTime: undefined };
    const entry = { id: "", source: 2, shadowed: false, settings: {}, etag: "e", problems: [], secrets: [], ...times };
    return { tenant: entry, client: entry, effectiveTime: { seconds: 1n, nanos: 0 } };
  };
  const registry = { createTenant: call("createTenant"), createClient: call("createClient") } as unknown as Registry;
  const explain = (error: unknown) => serviceError(error, "http://service");
  const { outcomes, failure } = await carryOut(steps(...ids), {
    ...{ registry, explain, isDryRun: false, onProgress: () => undefined },
  });
  return { calls, failure, states: [...outcomes.values()].map(({ state }) => state) };
}

describe("steps", () => {
  it("are not begun once the service is gone, and not told as done", async () => {
    const ids = Array.from({ length: 30 }, (_, index) => `c${index}`);
    const { calls, failure, states } = await carriedOut(ids, (_rpc, _client, count) => {
      if (count > 10)
        throw new ConnectError(
          "gone",
          Code.Unavailable,
          undefined,
          undefined,
          Object.assign(new Error(), { code: "ECONNREFUSED" }),
        );
    });
    expect(failure?.message).toMatch(/^http:\/\/service does not respond/);
    expect(states.filter((state) => state === "done")).toHaveLength(10);
    expect(states.filter((state) => state === "not done")).toHaveLength(21);
    expect(calls.length).toBeLessThan(20);
  });

  it("of clients whose tenant is refused are not tried", async () => {
    const { calls, states } = await carriedOut(["a", "b"], (rpc) => {
      if (rpc === "createTenant") throw refusal(Code.AlreadyExists, "The tenant acme already exists.");
    });
    expect([calls, states]).toEqual([["createTenant"], ["refused", "not done", "not done"]]);
  });

  it("wait for a node that does not know a new tenant yet", async () => {
    const { calls, states } = await carriedOut(["a"], (_rpc, client, count) => {
      if (client === "a" && count < 3) throw refusal(Code.NotFound, "There is no such tenant.");
    });
    expect([calls, states]).toEqual([
      ["createTenant", "a", "a"],
      ["done", "done"],
    ]);
  });

  it("go on if somebody else was faster with one of them", async () => {
    const { states } = await carriedOut(["a", "b"], (_rpc, client) => {
      if (client === "a") throw refusal(Code.Aborted, "the client a was changed by somebody else.");
    });
    expect(states).toEqual(["done", "refused", "done"]);
  });

  it("bear the etags that were seen, and a key of their own", async () => {
    const entry = (id: string) => ({ id, source: "stored", settings: { scopes: ["x"] }, etag: `etag of ${id}` });
    const clients = new Map(["a", "b"].map((id) => [id, entry(id)]));
    const wanted: Wanted = new Map([
      ["acme", { settings: {}, clients: new Map([["a", { settings: {}, hashes: undefined }]]) }],
    ]);
    const { steps } = differenceOf(
      wanted,
      new Map([["acme", { entry: entry("acme"), clients, missing: new Map() }]]),
      true,
    );
    const asked: unknown[] = [];
    const call = async (request: { readonly options: { readonly etag: string; readonly idempotencyKey: string } }) => {
      asked.push(request.options);
      throw refusal(Code.Aborted, "it was changed by somebody else.");
    };
    const registry = { updateTenant: call, updateClient: call, deleteClient: call } as unknown as Registry;
    const explain = (error: unknown) => serviceError(error, "http://service");
    const means = { registry, explain, isDryRun: true, onProgress: () => undefined };
    await carryOut(
      steps.filter(({ kind }) => kind === "client"),
      means,
    );
    await carryOut(
      steps.filter(({ kind }) => kind === "tenant"),
      means,
    );
    expect(asked).toMatchObject(["a", "b", "acme"].map((id) => ({ etag: `etag of ${id}`, validateOnly: true })));
    expect(new Set(asked.map((options) => (options as { idempotencyKey: string }).idempotencyKey)).size).toBe(3);
  });

  it("that delete a tenant take no clients along unless some were seen", async () => {
    const entry = { id: "", source: "stored", settings: {} };
    const tenant = (...clients: readonly string[]) => ({
      ...{ entry, missing: new Map(), clients: new Map(clients.map((id) => [id, entry])) },
    });
    const present = new Map([
      ["empty", tenant()],
      ["full", tenant("a")],
    ]);
    const asked: unknown[] = [];
    const deleteTenant = async (request: object) => {
      asked.push(request);
      return {};
    };
    const registry = { deleteTenant } as unknown as Registry;
    const means = { registry, explain: () => new Error(), isDryRun: false, onProgress: () => undefined };
    await carryOut(differenceOf(new Map(), present, true).steps, means);
    expect(asked).toMatchObject([
      { tenant: "empty", force: false },
      { tenant: "full", force: true },
    ]);
  });
});
