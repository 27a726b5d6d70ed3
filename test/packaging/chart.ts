import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type parse, parseAllDocuments } from "yaml";

const chart = join(import.meta.dirname, "../../deploy/helm/mintmark");

/** Whether there is a `helm`; without one nothing can be said of the chart's templates. */
export const hasHelm = spawnSync("helm", ["version"]).status === 0;

type Manifest = ReturnType<typeof parse>;

/** Runs `helm` on the chart with these values. */
function helm(command: readonly string[], values: object) {
  const args = [...command, chart, "--values", "-"];
  const { status, stdout, stderr } = spawnSync("helm", args, { encoding: "utf8", input: JSON.stringify(values) });
  return { status, stdout, output: `${stdout}${stderr}` };
}

/** What `helm lint --strict` says of the chart with these values, and whether it takes it. */
export function lint(values: object): { readonly status: number | null; readonly output: string } {
  return helm(["lint", "--strict"], values);
}

/** Why the chart cannot be installed with these values; undefined if it can. */
export function refusal(values: object): string | undefined {
  const { status, output } = helm(["template", "release"], values);
  return status === 0 ? undefined : output;
}

/** The manifests that the chart makes of values, by their kind. */
export function render(values: object): Readonly<Record<string, Manifest>> {
  const { status, stdout, output } = helm(["template", "release"], values);
  if (status !== 0) throw new Error(output);
  const manifests = parseAllDocuments(stdout, { uniqueKeys: true }).map((document) => {
    if (document.errors.length > 0) throw new Error(`${document.errors}`);
    return document.toJS();
  });
  return Object.fromEntries(manifests.map((manifest) => [manifest.kind, manifest]));
}
