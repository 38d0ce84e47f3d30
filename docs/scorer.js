// The search lists pages that show how to do something above lists of names, and both above measurements. A heading that
// contains the whole query comes before pages that contain its words.
// The numbers are those of Sphinx, except that a name of the API counts less.
var Scorer = {
  score: ([page, title, anchor, description, score, file, kind]) => {
    if (kind === "title") score += 3;
    if (/^(how-to\/|tutorial$)/.test(page)) return score + 20;
    if (page === "reference/cli") return score + 19; // it names everything
    if (/^explanation\//.test(page)) return score + 18;
    return /^(benchmarks|profile|regeneration|update-spec)$/.test(page) ? score - 10 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 0, 1: 0, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
