/**
 * Searches OnRecord by Google's own client for its Fact Check Tools API, and publishes, corrects and deletes by it: only the address is
 * another, and for pages a key of OnRecord stands for the token.
 *
 *     script/typescript google_client http://127.0.0.1:8080 search "meeting in Turkey"
 *     script/typescript google_client http://127.0.0.1:8080 publish onr_... https://news.example/checks/moon "The claim" "False"
 *     script/typescript google_client http://127.0.0.1:8080 delete onr_... https://news.example/checks/moon
 */
import { auth, factchecktools, type factchecktools_v1alpha1 } from "@googleapis/factchecktools";

const [server, command, ...rest] = process.argv.slice(2);

/** Google's client; its root ends in a slash. */
function client(key?: string): factchecktools_v1alpha1.Factchecktools {
  const token = new auth.OAuth2();
  token.setCredentials({ access_token: key ?? null });
  return factchecktools({ version: "v1alpha1", auth: key ? token : "none is needed to read", rootUrl: `${server}/` });
}

async function search(query: string | undefined): Promise<void> {
  let pageToken: string | undefined;
  do {
    const { data } = await client().claims.search({ query, pageSize: 2, pageToken });
    for (const claim of data.claims ?? []) {
      for (const review of claim.claimReview ?? []) {
        console.log(`${review.textualRating}: ${claim.text} <${review.url}>`);
      }
    }
    pageToken = data.nextPageToken ?? undefined;
  } while (pageToken);
}

async function publish(key: string, pageUrl: string, claimReviewed: string, textualRating: string): Promise<void> {
  const { pages } = client(key);
  const known = (await pages.list({ url: pageUrl })).data.claimReviewMarkupPages?.[0];
  const markup = { claimReviewed, rating: { textualRating } };
  // All markups of the page are sent back: what is left out of an update is retracted. What is known of the claim stays.
  const markups = known?.claimReviewMarkups ?? [];
  const same = markups.filter((one) => one.claimReviewed === claimReviewed);
  for (const one of same) one.rating = { ...one.rating, textualRating };
  const requestBody = { ...known, pageUrl, claimReviewMarkups: same.length > 0 ? markups : [...markups, markup] };
  requestBody.publishDate ??= new Date().toISOString().slice(0, 10);
  const { data } = known?.name
    ? await pages.update({ name: known.name, requestBody })
    : await pages.create({ requestBody });
  console.log(`${data.name}: ${data.claimReviewMarkups?.map((one) => one.rating?.textualRating)}`);
}

async function remove(key: string, url: string): Promise<void> {
  const { pages } = client(key);
  for (const page of (await pages.list({ url })).data.claimReviewMarkupPages ?? []) {
    await pages.delete({ name: page.name ?? "" });
    console.log("deleted");
  }
}

try {
  const [first, url = "", claim = "", rating = ""] = rest;
  if (command === "search") await search(first);
  else if (command === "publish" && first) await publish(first, url, claim, rating);
  else if (command === "delete" && first) await remove(first, url);
  else throw new Error("usage: google_client SERVER search|publish|delete …");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
