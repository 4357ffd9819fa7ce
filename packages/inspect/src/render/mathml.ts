/**
 * Formulas as MathML, which browsers draw without a font or a script.
 */
import { markup } from "./escape.ts";
import { renderToString } from "./temml.generated.ts";

/** The elements of MathML Core that formulas are made of. Anything else in a formula is a fault, or an attack. */
const elements = new Set(
  "math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle merror mpadded mphantom msub msup msubsup munder mover munderover mmultiscripts mprescripts none mtable mtr mtd menclose semantics".split(
    " ",
  ),
);
const attributes = new Set(
  "display displaystyle scriptlevel mathvariant stretchy fence separator form lspace rspace movablelimits largeop symmetric minsize maxsize accent accentunder linethickness columnalign rowspacing columnspacing width height depth".split(
    " ",
  ),
);

const tag = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*(\/?)>/g;

/** TeX as MathML. What cannot be read is shown as it is written. */
export function mathML(tex: string): string {
  try {
    const made = renderToString(tex, { displayMode: true, throwOnError: true, trust: false });
    return cleaned(made) ?? asText(tex);
  } catch {
    return asText(tex);
  }
}

function asText(tex: string): string {
  return `<math display="block"><mtext>${markup(tex)}</mtext></math>`;
}

/** Only elements and attributes that are known to be harmless; `null` if there is anything else. */
function cleaned(text: string): string | null {
  let isSafe = true;
  const rebuilt = text.replace(
    tag,
    (_whole, close: string, name: string, list: string, end: string) => {
      if (!elements.has(name)) isSafe = false;
      const kept = [...list.matchAll(/([a-zA-Z-]+)(?:="([^"<>]*)")?/g)].flatMap(([, key, value]) =>
        attributes.has(key!) ? [` ${key}="${value ?? ""}"`] : [],
      );
      return `\u0001${close}${name}${kept.join("")}${end}\u0002`;
    },
  );
  if (!isSafe || /[<>]/.test(rebuilt)) return null;
  return rebuilt.replaceAll("\u0001", "<").replaceAll("\u0002", ">");
}
