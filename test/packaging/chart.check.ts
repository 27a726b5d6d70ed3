import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { context, fakeFiles, PLAIN_SECRET, SECRET } from "../config/context.ts";
import { keyText } from "../support/key-encryption-key.ts";
import { makeDatabase, withMongo } from "../support/mongodb.ts";
import { blocksOf } from "../support/snippets.ts";
import { hasHelm, lint, refusal, render } from "./chart.ts";
import { buildImage, makeReadOnly } from "./image.ts";
import { serveOnce } from "./serve.ts";

const root = join(import.meta.dirname, "../..");
const isRoot = process.getuid?.() === 0;

const config = {
  publicUrl: "https://tokens.example.com",
  insecureHttp: true,
  tenants: {
    default: {
      // As many seconds as Go writes as 2.592e+06.
      clients: { web: { secrets: [SECRET], grants: ["arbitrary_resource_owner"], accessTokenLifetime: 2_592_000 } },
    },
  },
};
const values = { config, secretName: "mintmark" };

/** The container of the Deployment, with what it mounts and is told. */
function containerOf(manifests: ReturnType<typeof render>) {
  const { spec } = manifests.Deployment.spec.template;
  const [container] = spec.containers;
  const env: Readonly<Record<string, string>> = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  return { spec, container, env };
}

describe.skipIf(!hasHelm)("the chart", () => {
  it("is one that helm has nothing against", () => {
    expect(lint(values)).toMatchObject({ status: 0 });
  });

  it("takes the values that the docs show", () => {
    const shown = blocksOf(readFileSync(join(root, "docs/operations.md"), "utf8")).map(({ text }) => text);
    const values = shown.filter((text) => text.includes("secretName:"));
    expect(values).toHaveLength(1);
    expect(refusal(parse(values[0] ?? ""))).toBeUndefined();
  });

  it.each([
    ["no configuration", { secretName: "mintmark" }, "missing property 'tenants'"],
    ["no secret", { config }, "secretName"],
    ["a value that it does not know", { ...values, replicas: 3 }, "additional properties 'replicas' not allowed"],
    [
      "a mistake in the configuration",
      { ...values, config: { ...config, tenants: { default: { clients: { web: { grant: ["arbitrary_token"] } } } } } },
      "at '/config/tenants/default/clients/web': additional properties 'grant' not allowed",
    ],
    [
      "plain text that is not asked for",
      { ...values, config: { ...config, insecureHttp: false } },
      "set tlsSecretName",
    ],
    [
      "nodes that are killed while they stop",
      { ...values, drainSeconds: 60 },
      "terminationGracePeriodSeconds must be at least drainSeconds and 15",
    ],
  ])("refuses %s", (_, given, reason) => {
    expect(refusal(given)).toContain(reason);
  });

  it("has nodes without privileges, whose secrets are files", () => {
    const { spec, container, env } = containerOf(render(values));
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      // Kubernetes would put MINTMARK_… variables of its own beside ours.
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(env).toMatchObject({
      MINTMARK_STORE_FILE: "/run/secrets/mintmark/store",
      MINTMARK_KEY_ENCRYPTION_KEY_FILE: "/run/secrets/mintmark/key-encryption-key",
    });
    expect(container.envFrom).toBeUndefined();
    expect(spec.volumes).toContainEqual({
      name: "secrets",
      secret: {
        secretName: "mintmark",
        defaultMode: 0o440,
        items: [
          { key: "store", path: "store" },
          { key: "key-encryption-key", path: "key-encryption-key" },
        ],
      },
    });
  });

  it("mounts every volume that it has, and no other", () => {
    const { spec, container } = containerOf(render({ ...values, tlsSecretName: "tls" }));
    const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
    expect(names(spec.volumes)).toEqual(["config", "secrets", "tls"]);
    expect(names(container.volumeMounts)).toEqual(names(spec.volumes));
  });

  it("has a service and a budget for the nodes that it starts, at ports that they listen on", () => {
    const manifests = render(values);
    const { Deployment, Service, PodDisruptionBudget } = manifests;
    const { labels } = Deployment.spec.template.metadata;
    const { container, env } = containerOf(manifests);
    const selectors = [Deployment.spec.selector.matchLabels, PodDisruptionBudget.spec.selector.matchLabels];
    for (const selector of [...selectors, Service.spec.selector]) expect(labels).toMatchObject(selector);
    expect(PodDisruptionBudget.spec.maxUnavailable).toBe(1);
    expect(Deployment.spec.replicas).toBe(2);
    const ports = Object.fromEntries(
      container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [name, containerPort]),
    );
    expect(Service.spec.ports.map(({ targetPort }: { targetPort: string }) => ports[targetPort])).toEqual([7001, 7002]);
    expect(env.MINTMARK_HTTP_ADDRESS).toBe(`0.0.0.0:${ports.http}`);
    expect(env.MINTMARK_RPC_ADDRESS).toBe(`0.0.0.0:${ports.grpc}`);
    expect(env.MINTMARK_MANAGEMENT_ADDRESS).toBe(`0.0.0.0:${ports.management}`);
  });

  it("starts new nodes for a new configuration, and for nothing else", () => {
    const checksum = (given: object) => render(given).Deployment.spec.template.metadata.annotations["checksum/config"];
    expect(checksum({ ...values, replicaCount: 5 })).toBe(checksum(values));
    expect(checksum({ ...values, config: { ...config, logLevel: "debug" } })).not.toBe(checksum(values));
  });

  it("ends TLS in the nodes if it is given a certificate, and asks for their health without it still", () => {
    // The chart says where the files are, and leaves the rest as it is.
    const tls = { certificate: "/elsewhere", key: "/elsewhere", minVersion: "1.3" };
    const manifests = render({ ...values, tlsSecretName: "tls", config: { ...config, tls, insecureHttp: false } });
    const { container, env } = containerOf(manifests);
    expect(container.livenessProbe.httpGet).toEqual({ path: "/livez", port: "management" });
    expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "management" });
    expect(env.MINTMARK_ADDRESS).toBe("https://127.0.0.1:7001");
    const loaded = loadConfig(
      context({
        env,
        readFile: fakeFiles({
          "/etc/mintmark/mintmark.yaml": manifests.ConfigMap.data["mintmark.yaml"],
          "/run/secrets/mintmark/store": "mongodb://mongodb/mintmark",
          "/run/secrets/mintmark/key-encryption-key": keyText(),
          "/run/secrets/mintmark-tls/tls.crt": readFileSync(join(root, "test/support/tls/cert.pem"), "utf8"),
          "/run/secrets/mintmark-tls/tls.key": readFileSync(join(root, "test/support/tls/key.pem"), "utf8"),
        }),
      }),
    );
    expect(loaded.tls?.minVersion).toBe("TLSv1.3");
    expect(loaded.tenants.get("default")?.clients.get("web")).toMatchObject({ accessTokenLifetime: 2_592_000 });
  });
});

withMongo("the chart's nodes", (uri) => {
  it.skipIf(!hasHelm)("mint, and are healthy, on a read-only image with what the chart mounts", async () => {
    const manifests = render(values);
    const { container, env } = containerOf(manifests);
    const image = buildImage();
    const database = makeDatabase(uri);
    try {
      const write = (path: string, text: string) => writeFileSync(image.place(path), text);
      for (const { mountPath } of container.volumeMounts) mkdirSync(image.place(mountPath), { recursive: true });
      write("/etc/mintmark/mintmark.yaml", manifests.ConfigMap.data["mintmark.yaml"]);
      write("/run/secrets/mintmark/store", `${database.url}\n`);
      write("/run/secrets/mintmark/key-encryption-key", keyText());
      makeReadOnly(image.folder);
      for (const name of ["store", "key-encryption-key"]) {
        const path = image.place(`/run/secrets/mintmark/${name}`);
        if (isRoot) chownSync(path, 0, image.user);
        chmodSync(path, 0o440);
      }
      const [program = "", ...args] = image.command;
      const { claims, code } = await serveOnce(program, args, {
        cwd: image.workdir,
        env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, image.place(value)])),
        client: `web:${PLAIN_SECRET}`,
        ...(isRoot ? { user: image.user } : {}),
        async whileItRuns(_url, management) {
          for (const probe of ["livenessProbe", "readinessProbe"])
            expect((await fetch(`${management}${container[probe].httpGet.path}`)).status, probe).toBe(200);
        },
      });
      expect(claims).toMatchObject({ sub: "alice", client_id: "web", iss: "https://tokens.example.com" });
      expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(2_592_000);
      expect(code).toBe(0);
    } finally {
      await database.drop();
      image.remove();
    }
  });
});
