/** A type of content that metrics can be served as, and how its text is made of Prometheus' text format 0.0.4. */
interface Format {
  readonly contentType: string;
  write(text: string): string;
}

const PLAIN: Format = { contentType: "text/plain; version=0.0.4; charset=utf-8", write: (text) => text };

/**
 * OpenMetrics 1.0.0. prom-client can write it too, but then renames its counters, so that the next scrape in the other
 * format has wrong names.
 */
const OPEN_METRICS: Format = {
  contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  write: (text) =>
    `${text
      .replace(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/gm, "# HELP $1 $2\n# TYPE $1 counter")
      .replace(/\n{2,}/g, "\n")}# EOF\n`,
};

/** The format that an `Accept` prefers (RFC 9110 section 12.5.1): OpenMetrics only if it is named. */
export function preferredFormat(accept: string | undefined): Format {
  const weights = (accept ?? "").split(",").map(parseRange);
  const weightOf = (type: string) =>
    Math.max(0, ...weights.filter((range) => range.type === type).map(({ weight }) => weight));
  const open = weightOf("application/openmetrics-text");
  return open > 0 && open >= weightOf("text/plain") ? OPEN_METRICS : PLAIN;
}

function parseRange(range: string): { readonly type: string; readonly weight: number } {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice("q=".length);
  return { type, weight: weight === undefined ? 1 : Number(weight) || 0 };
}
