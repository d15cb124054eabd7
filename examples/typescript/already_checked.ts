/**
 * Has this been checked already? Tells the claims that a text repeats, with their verdicts and who says what about them.
 *
 *     script/typescript already_checked http://127.0.0.1:8080 "Did Russia, the US and the EU meet in Istanbul?"
 *
 * All types come from the OpenAPI document: a name that is misspelt, or a member that may be null, is told by the compiler.
 */
import createClient from "openapi-fetch";
import type { components, paths } from "./types/onrecord.js";

type Problem = components["schemas"]["Problem"];

const [server, text] = process.argv.slice(2);
if (!server || !text) {
  throw new Error("usage: already_checked SERVER TEXT");
}
const onrecord = createClient<paths>({ baseUrl: server });

/** What was answered; ends the program with the problem where there is one. */
function answered<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data !== undefined) return answer.data;
  console.error(`${answer.error?.status}: ${answer.error?.detail ?? answer.error?.title}`);
  process.exit(1);
}

const { matches, degraded } = answered(await onrecord.POST("/v1/claims/match", { body: { text, limit: 3 } }));
if (degraded) {
  console.error("By words alone: the embedding service is away.");
}
for (const { claim, band, verdict } of matches) {
  console.log(`${band}: ${claim.text}`);
  if (verdict) {
    console.log(`  ${verdict.textual_rating ?? verdict.rating?.label ?? "Not rated"}: ${verdict.summary ?? ""}`);
  }
  const dossier = answered(await onrecord.GET("/v1/claims/{id}/dossier", { params: { path: { id: claim.id } } }));
  console.log(`  ${dossier.summary_line}`);
}
if (matches.length === 0) {
  console.log("Nobody has checked this yet.");
}
