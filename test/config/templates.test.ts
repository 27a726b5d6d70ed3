import { describe, expect, test } from "vitest";
import { fileWorld, problemsOf, SECRET, yamlOf } from "./context.ts";

const LEFT = ["{tenant}", `$${"{HOST}"}`, "<host>", "%7Btenant%7D", "$HOST", "$(hostname)", "{{ .Values.host }}"];
const told = (path: string) => expect.stringContaining(`${path}: expected a URL without a template such as {tenant}`);

describe("a template that was left in a URL is refused", () => {
  test.each(LEFT)("%s, in every URL of the file", (template) => {
    const url = `https://a.example/${template}`;
    const tenant = {
      issuer: url,
      authorities: {
        "wellknown://a": { issuer: url, audiences: ["1234.apps.example", url], authorizedParties: [url] },
      },
      clients: { web: { secrets: [SECRET], allowedIssuers: [url], allowedAudiences: ["https://*.example", url] } },
    };
    expect(problemsOf(fileWorld(yamlOf({}, tenant, { publicUrl: url })))).toEqual([
      told("publicUrl"),
      told("tenants.acme.issuer"),
      told('tenants.acme.authorities["wellknown://a"].issuer'),
      told('tenants.acme.authorities["wellknown://a"].audiences[1]'),
      told('tenants.acme.authorities["wellknown://a"].authorizedParties[0]'),
      told("tenants.acme.clients.web.allowedIssuers[0]"),
      told("tenants.acme.clients.web.allowedAudiences[1]"),
    ]);
  });

  test("in a variable too", () => {
    expect(problemsOf(fileWorld(yamlOf(), { MINTMARK_PUBLIC_URL: "https://{host}" }))).toEqual([
      told("MINTMARK_PUBLIC_URL"),
    ]);
  });

  test.each([
    "mongodb+srv://<username>:<password>@cluster.example.net/mint",
    "mongodb://user:hunter2@{host}/mint",
    `mongodb://user:$${"{PASSWORD}"}@db.example/hunter2`,
    `sqlite:./$${"{DATA}"}/hunter2.db`,
  ])("and in the store's, which is not repeated: %s", (store) => {
    for (const problems of [
      problemsOf(fileWorld(yamlOf({}, {}, { store }))),
      problemsOf(fileWorld(yamlOf(), { MINTMARK_STORE: store })),
    ]) {
      expect(problems).toEqual([
        expect.stringMatching(/: expected a store's URL without a template such as <password>/),
      ]);
      expect(problems.join()).not.toContain("hunter2");
    }
  });

  test("accept text that is not a template", () => {
    const store = "mongodb://user:p$ss%3C@db.example/mint?tls=true";
    expect(problemsOf(fileWorld(yamlOf({ namespace: "{a}" }), { MINTMARK_STORE: store }))).toEqual([]);
  });
});
