/**
 * An exercise as a page of its own.
 */
import {
  exerciseScript,
  exerciseScriptHash,
  exerciseStyle,
  exerciseStyleHash,
} from "../page/bundle.generated.ts";
import type { Language } from "../page/data.ts";
import { drawing } from "../render/drawing.ts";
import { markup } from "../render/escape.ts";
import { json } from "../render/html.ts";
import { layout } from "../render/layout.ts";
import { TensorNames } from "../trace/names.ts";
import type { Trace, TraceRef } from "../trace/schema.ts";
import { viewOf } from "../view/view.ts";
import type { ExerciseData } from "./page.ts";
import { exerciseWords } from "./words.ts";

/** The graph without gradients, and a field for each element of each gradient that is asked for. */
export function exercisePage(
  whole: Trace,
  blank: Trace,
  targets: ReadonlyMap<string, TraceRef>,
  language: Language,
  tolerance: number,
): string {
  const words = exerciseWords[language];
  const view = viewOf("exercise", blank, {});
  const title = whole.title === "" ? words.title : whole.title;
  const data: ExerciseData = { language, tolerance, trace: whole, targets: [...targets] };
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${exerciseScriptHash}'; style-src '${exerciseStyleHash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${markup(title)}</title>
<style>${exerciseStyle}</style>
</head>
<body>
<header><h1>${markup(title)}</h1><p id="progress" role="status"></p></header>
<p>${markup(words.task)}</p>
<div class="picture" tabindex="0" role="region" aria-label="${markup(words.title)}">
${drawing(view, layout("exercise", view, new TensorNames(blank), "LR"), "")}
</div>
<main id="blanks"></main>
<script type="application/json" id="data">${json(data)}</script>
<script>${exerciseScript}</script>
</body>
</html>
`;
}
