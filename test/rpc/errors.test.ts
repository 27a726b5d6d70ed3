import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { OAuthError, type OAuthErrorCode } from "../../src/engine/errors.ts";
import { FakeEngine } from "../support/fake-engine.ts";
import { LIMITED_FIELDS, limited } from "../support/limited.ts";
import { clients, type Refusal, refusalOf, startDoors, stockClient } from "./support.ts";

const engine = new FakeEngine();
let doors: Awaited<ReturnType<typeof startDoors>>;
let stock: ReturnType<typeof stockClient>;

beforeAll(async () => {
  doors = await startDoors(engine);
  stock = stockClient(doors.address);
});
afterAll(async () => {
  stock.close();
  await doors.close();
});

const METHODS = ["mint", "refresh", "introspect", "revoke"] as const;

/** The refusal of the same request through every client and method, by their names. */
async function everywhere(request: { tenant?: string } = {}): Promise<Record<string, Refusal>> {
  const refusals: Record<string, Refusal> = {};
  for (const [name, call] of Object.entries(clients(doors, stock))) {
    for (const method of METHODS) refusals[`${method} over ${name}`] = await refusalOf(call(method, request));
  }
  return refusals;
}

beforeEach(() => void doors.logger.lines.splice(0));

const statuses: Record<OAuthErrorCode, string> = {
  invalid_request: "InvalidArgument",
  invalid_client: "Unauthenticated",
  invalid_grant: "FailedPrecondition",
  unauthorized_client: "PermissionDenied",
  unsupported_grant_type: "InvalidArgument",
  unsupported_token_type: "InvalidArgument",
  unsupported_response_type: "InvalidArgument",
  invalid_scope: "InvalidArgument",
  invalid_target: "InvalidArgument",
  invalid_dpop_proof: "InvalidArgument",
  use_dpop_nonce: "FailedPrecondition",
  access_denied: "PermissionDenied",
  temporarily_unavailable: "Unavailable",
  server_error: "Internal",
};

describe("a refusal", () => {
  test.each(Object.entries(statuses))("%s is %s, with the same details, for every client", async (error, code) => {
    const message = "100% of 'it' is wrong, says {x}: a+b & c | d.";
    engine.fail(new OAuthError(error as OAuthErrorCode, message));

    for (const [name, refusal] of Object.entries(await everywhere())) {
      expect(refusal, name).toMatchObject({ code, message, details: [{ error, errorDescription: message }] });
    }
  });

  test("that is temporary says when to try again", async () => {
    engine.fail(new OAuthError("temporarily_unavailable", "Try again."));

    for (const [name, refusal] of Object.entries(await everywhere())) {
      expect(refusal.types, name).toEqual(["mintmark.v1.OAuthErrorDetail", "google.rpc.RetryInfo"]);
      expect(refusal.retryDelay, name).toBe(1);
    }
    expect(doors.logger.lines).toEqual([]);
  });

  test("by a limit is RESOURCE_EXHAUSTED, and says when to try again and what is left", async () => {
    engine.fail(limited);

    for (const [name, { metadata, ...refusal }] of Object.entries(await everywhere())) {
      expect(refusal, name).toEqual({
        code: "ResourceExhausted",
        message: limited.message,
        details: [{ error: "temporarily_unavailable", errorDescription: limited.message }],
        types: ["mintmark.v1.OAuthErrorDetail", "google.rpc.RetryInfo"],
        retryDelay: 42,
      });
      for (const [field, value] of Object.entries(LIMITED_FIELDS)) expect(metadata.get(field), name).toBe(value);
    }
  });

  test("by a limit is 429 over Connect", async () => {
    engine.fail(limited);
    const body = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
    const response = await fetch(`${doors.url}/mintmark.v1.TokenService/Mint`, body);
    expect(response.status).toBe(429);
    expect(Object.fromEntries(response.headers)).toMatchObject(LIMITED_FIELDS);
  });

  test("tells nothing of its cause, which the engine has logged", async () => {
    const cause = new Error("disk of db-7 is full");
    engine.fail(new OAuthError("server_error", "An unexpected error occurred.", { cause }));

    expect(JSON.stringify(await everywhere())).not.toContain("db-7");
    expect(doors.logger.lines).toEqual([]);
  });
});

describe("an error that is no refusal", () => {
  test("tells nothing to any client, and all to the log", async () => {
    const error = new TypeError("the secret is hunter2");
    engine.fail(error);

    for (const [name, refusal] of Object.entries(await everywhere())) {
      expect(refusal.code, name).toBe("Internal");
      expect(refusal.details, name).toEqual([{ error: "server_error", errorDescription: refusal.message }]);
      expect(JSON.stringify(refusal), name).not.toContain("hunter2");
    }
    expect(doors.logger.lines).toMatchObject(
      Array(4 * METHODS.length).fill({ level: "error", fields: { err: error } }),
    );
  });

  test("that is not even an Error tells nothing either", async () => {
    engine.fail("hunter2");
    for (const refusal of Object.values(await everywhere())) expect(JSON.stringify(refusal)).not.toContain("hunter2");
  });
});

describe("what is not there", () => {
  test("an unknown tenant is NOT_FOUND for every client", async () => {
    for (const tenant of ["nobody", "__proto__", "constructor"]) {
      for (const [name, refusal] of Object.entries(await everywhere({ tenant }))) {
        expect(refusal, name).toEqual({
          code: "NotFound",
          message: "There is no such tenant.",
          retryDelay: undefined,
          metadata: expect.any(Headers),
          details: [{ error: "invalid_request", errorDescription: "There is no such tenant." }],
          types: ["mintmark.v1.OAuthErrorDetail"],
        });
      }
    }
  });
});
