/** Options of Node that have a process name, on standard error, the packages whose code it has loaded by its end. */
export const TELL_PACKAGES: readonly string[] = [
  `--import=data:text/javascript,${encodeURIComponent(`
    import { registerHooks } from "node:module";
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        const [, name] = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\/(?!.*node_modules)/.exec(url) ?? [];
        if (name !== undefined) packages.add(name);
        return next(url, context);
      },
    });
    process.on("exit", () => process.stderr.write("packages: " + [...packages].sort().join(" ") + "\\n"));
  `)}`,
];
