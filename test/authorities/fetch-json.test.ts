import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, LookupFunction } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFetchJson, type FetchJson, type FetchOptions } from "../../src/authorities/fetch-json.ts";
import { AuthorityUnavailableError } from "../../src/authorities/port.ts";
import type { Network } from "../../src/base/network.ts";
import { answers, hangs } from "../support/authority.ts";

const MAX_BYTES = 1000;
const OPTIONS: FetchOptions = { timeout: 2_000, maxBytes: MAX_BYTES };
const HERE: ReadonlySet<Network> = new Set(["public", "loopback"]);
const fetchHere = (fetch: FetchJson) => (of: string) => fetch(of, HERE);
const fetchJson = fetchHere(createFetchJson(OPTIONS));
const TOO_LARGE = "Its answer is too large.";
const LATE = "It did not answer in time.";

let requests: string[];
let listener: RequestListener;
let server: Server;
let url: string;

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    listener(request, response);
  });
  url = `http://127.0.0.1:${await listen(server)}/document`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function listen(on: Pick<Server, "listen" | "address">): Promise<number> {
  return new Promise((resolve) => on.listen(0, "127.0.0.1", () => resolve((on.address() as AddressInfo).port)));
}

/** Why the URL's document cannot be had. */
async function failure(of: string = url, fetch: (url: string) => Promise<unknown> = fetchJson): Promise<string> {
  const error = await fetch(of).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthorityUnavailableError);
  return (error as AuthorityUnavailableError).message;
}

describe("an answer", () => {
  it("is read as JSON", async () => {
    listener = answers({ name: "é", list: [1, null] });
    expect(await fetchJson(url)).toEqual({ name: "é", list: [1, null] });
  });

  it.each([
    ["not JSON", answers("<html>secret</html>", 200, { "content-type": "text/html" })],
    ["empty", answers("")],
    ["not UTF-8", (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22]))],
  ] satisfies [string, RequestListener][])("that is %s is refused, and not quoted", async (_, given) => {
    listener = given;
    expect(await failure()).toBe("Its answer is not JSON.");
  });

  it.each([201, 204, 404, 500])("with status %i is refused", async (status) => {
    listener = answers("", status);
    expect(await failure()).toBe(`It answered with status ${status}.`);
  });

  it.each([301, 302, 307, 308])("that redirects with %i is not followed", async (status) => {
    listener = answers("{}", status, { location: "/elsewhere" });
    expect(await failure()).toBe(`It answered with status ${status}.`);
    expect(requests).toEqual(["/document"]);
  });

  it("names the network's fault by its code", async () => {
    server.close();
    expect(await failure()).toBe("The request failed (ECONNREFUSED).");
  });
});

describe("the body", () => {
  it("may be as large as allowed, and no byte larger", async () => {
    listener = answers(JSON.stringify("x".repeat(MAX_BYTES - 2)));
    expect(await fetchJson(url)).toHaveLength(MAX_BYTES - 2);
    listener = answers(JSON.stringify("x".repeat(MAX_BYTES - 1)));
    expect(await failure()).toBe(TOO_LARGE);
  });

  it("is given up while it comes, so that one without end does no harm", async () => {
    const closed = new Promise((resolve) => {
      listener = (_, response) => {
        response.on("close", resolve);
        response.write("x".repeat(MAX_BYTES + 1));
      };
    });
    expect(await failure()).toBe(TOO_LARGE);
    await closed;
  });

  it("is asked for as it is, and refused compressed: it could be any size", async () => {
    let asked: string | undefined;
    listener = (request, response) => {
      asked = String(request.headers["accept-encoding"]);
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("{}"));
    };
    expect(await failure()).toBe("Its answer is compressed.");
    expect(asked).toBe("identity");
  });

  it("may be 1 MiB unless told otherwise", async () => {
    listener = answers(JSON.stringify("x".repeat(1024 * 1024 - 2)));
    expect(await createFetchJson()(url, HERE)).toHaveLength(1024 * 1024 - 2);
    listener = answers(JSON.stringify("x".repeat(1024 * 1024 - 1)));
    expect(await failure(url, fetchHere(createFetchJson()))).toBe(TOO_LARGE);
  });
});

describe("the time", () => {
  const hasty = fetchHere(createFetchJson({ timeout: 50, maxBytes: MAX_BYTES }));

  it("fails if no answer comes", async () => {
    listener = hangs;
    expect(await failure(url, hasty)).toBe(LATE);
  });

  it("fails if the body does not end", async () => {
    listener = (_, response) => response.writeHead(200).write("[");
    expect(await failure(url, hasty)).toBe(LATE);
  });
});

describe("a URL", () => {
  it.each([
    "http://login.example/keys",
    "http://192.0.2.1/keys",
    "http://[::ffff:127.0.0.1]/keys",
    "http://localhost.login.example/keys",
    "http://127.0.0.1@login.example/keys",
    "https://user@login.example/keys",
    "https://:password@login.example/keys",
    "file:///etc/hostname",
    "data:application/json,{}",
    "ftp://127.0.0.1/keys",
    "/keys",
    "",
  ])("%s is refused without a request", async (refused) => {
    expect(await failure(refused)).toBe("Its URL is neither https nor http on this machine.");
  });

  it("https is fetched, from who can prove his name alone", async () => {
    const tls = { cert: readFileSync("test/support/tls/cert.pem"), key: readFileSync("test/support/tls/key.pem") };
    const secure = createTlsServer(tls, answers({}));
    const port = await listen(secure);
    expect(await failure(`https://127.0.0.1:${port}/`)).toMatch(
      /^The request failed \([A-Z_]*(CERT|SIGNATURE)[A-Z_]*\)\.$/,
    );
    secure.close();
  });
});

describe("an address", () => {
  const OUT_OF_REACH = /^Its URL leads to an address that is not public/;
  let connections: number;
  beforeEach(() => {
    connections = 0;
    listener = answers({ here: true });
    server.on("connection", () => connections++);
  });

  /** A name server that gives every name these addresses. */
  const resolvesTo =
    (...addresses: string[]): LookupFunction =>
    (_host, _options, callback) => {
      const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      process.nextTick(() => callback(null, found));
    };
  const fetchFrom =
    (networks: readonly Network[], lookup?: LookupFunction) =>
    (of: string): Promise<unknown> =>
      createFetchJson(lookup === undefined ? OPTIONS : { ...OPTIONS, lookup })(of, new Set(networks));

  it.each([
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://169.254.169.254/latest/meta-data",
    "https://[fe80::1]/",
    "https://10.0.0.1/",
    "https://192.168.1.1/",
    "https://[fd00::1]/",
    "https://[64:ff9b::127.0.0.1]/",
    "HTTPS://127.0.0.1/",
    "http://127.0.0.1/",
  ])("%s is refused where public ones alone are allowed", async (refused) => {
    expect(await failure(refused, fetchFrom(["public"]))).toMatch(OUT_OF_REACH);
  });

  it.each([["127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["fe80::1"]])(
    "%s is refused as well where a name leads to it",
    async (address) => {
      const port = new URL(url).port;
      const fetch = fetchFrom(["public"], resolvesTo(address));
      expect(await failure(`https://login.example:${port}/`, fetch)).toMatch(OUT_OF_REACH);
      expect(connections).toBe(0);
    },
  );

  it("that is not allowed is never connected to, though the name has another that is", async () => {
    const port = new URL(url).port;
    const fetch = fetchFrom(["loopback"], resolvesTo("192.0.2.1", "10.0.0.1", "127.0.0.1", "169.254.169.254"));
    expect(await fetch(`http://localhost:${port}/`)).toEqual({ here: true });
    expect(connections).toBe(1);
  });

  // Nobody connects to the broadcast address: the system refuses at once.
  it.each([
    ["first", ["127.0.0.1", "255.255.255.255"]],
    ["last", ["255.255.255.255", "127.0.0.1"]],
    ["in the middle", ["255.255.255.255", "127.0.0.1", "255.255.255.255"]],
  ])("that is not allowed is never connected to, though no other answers: %s", async (_, addresses) => {
    const fetch = fetchFrom(["reserved"], resolvesTo(...addresses));
    expect(await failure(`http://localhost:${new URL(url).port}/`, fetch)).toMatch(/^The request failed \(/);
    expect(connections).toBe(0);
  });

  it("is looked up for every document anew, as a name may lead elsewhere from one to the next", async () => {
    const named = `http://localhost:${new URL(url).port}/`;
    const fetch = (networks: readonly Network[]) => fetchFrom(networks, resolvesTo("127.0.0.1"))(named);
    expect(await fetch(["loopback"])).toEqual({ here: true });
    expect(await failure(named, () => fetch(["public"]))).toMatch(OUT_OF_REACH);
    expect(await fetch(["loopback"])).toEqual({ here: true });
    expect(connections).toBe(2);
  });

  it("of a private network is accepted if that is allowed, but never a loopback or link-local one", async () => {
    const fetch = fetchFrom(["public", "private"]);
    for (const refused of ["https://127.0.0.1/", "https://169.254.169.254/", "https://[fe80::1]/"]) {
      expect(await failure(refused, fetch)).toMatch(OUT_OF_REACH);
    }
    const looked: string[] = [];
    const spy: LookupFunction = (host, _options, callback) => {
      looked.push(host);
      callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
    };
    expect(await failure("https://login.example/", fetchFrom(["public", "private"], spy))).toBe(
      "The request failed (ENOTFOUND).",
    );
    expect(looked).toEqual(["login.example"]);
  });
});
