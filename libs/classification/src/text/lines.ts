/** Lines that are program text rather than somebody's words: names are not looked for in them. */
const statement =
  /^\s*(?:import|export|const|let|var|def|class|return|function|public|private|protected|static|async|await|if|else|elif|for|while|switch|case|try|catch|finally|throw|raise|from|package|using|namespace|struct|enum|interface|type|fn|func|impl|pub|use|mod|#include|#define|#!|SELECT|INSERT|UPDATE|CREATE|ALTER|WITH|@\w+|\$ |>>> |npm |pip |git |docker |kubectl |sudo |curl |cd |echo |<\/?\w+[^>]*>|[}\])]+[;,)]*)(?:$|[\s({<;:.="'*])/;

export interface LineKinds {
  /** True when the character stands in a line of code. */
  isCode(offset: number): boolean;
}

export function lineKinds(text: string): LineKinds {
  const ends: number[] = [];
  const code: boolean[] = [];
  let fenced = false;
  let from = 0;
  while (from <= text.length) {
    const found = text.indexOf('\n', from);
    const end = found === -1 ? text.length : found;
    const line = text.slice(from, Math.min(end, from + 400));
    const fence = (line.includes('```') || line.includes('~~~')) && /^\s*(?:```|~~~)/.test(line);
    if (fence) fenced = !fenced;
    ends.push(end);
    code.push(fenced || fence || isCodeLine(line, symbolsIn(text, from, from + line.length)));
    from = end + 1;
  }
  if (code.length >= LEAST_LINES && isProgram(text, code)) return { isCode: () => true };
  let at = 0;
  return {
    isCode(offset) {
      if (at >= ends.length || (at > 0 && ends[at - 1]! >= offset)) at = 0;
      while (at < ends.length - 1 && ends[at]! < offset) at += 1;
      return code[at]!;
    },
  };
}

/** Comments of program text: `// …`, `/* …`, ` * @param …`. */
const comment = /^\s*(?:\/\/|\/\*|\*\/|\*\s+@|\s\* )/;

/** A line of mark-up for machines; what pages show to people is words. */
const markup = /^\s*<(?!\/?(?:p|li|td|th|div|span|h\d|b|i|em|strong|a|dd|dt|body|title|blockquote|br)\b)[/!?\w]/i;

/** The signs of program text, by character. */
const isSymbol = new Uint8Array(65_536);
for (const sign of '{}()[];=<>|&$%^~\\_`+*/') isSymbol[sign.charCodeAt(0)] = 1;

function symbolsIn(text: string, from: number, to: number): number {
  let signs = 0;
  for (let at = from; at < to; at += 1) signs += isSymbol[text.charCodeAt(at)]!;
  return signs;
}

/** By how many of its characters are signs of program text, and by its words. */
function isCodeLine(line: string, signs: number): boolean {
  if (line.length < 3) return false;
  if (signs > 0 && ((isComment(line) && comment.test(line)) || (line.includes('<') && markup.test(line)))) return true;
  const share = signs / line.length;
  if (share > 0.03 && statementEnd.test(line)) return share > 0.1 || proseOf(line) < 18;
  if (statement.test(line) && (share > 0.06 || !/[.?!]\s*$/.test(line))) return share > 0.03 || proseOf(line) < 6;
  return share > 0.16 && !/^\s*[|>-]/.test(line);
}

const statementEnd = /[;{}]\s*$|\)\s*(?:=>|\{|:)\s*$|^\s*[\w.$]+\s*(?:=|\+=|:=)\s*\S|=>|\w\(\)|\w+\.\w+\(|::\w|->\w/;

function isComment(line: string): boolean {
  return line.includes('/') || line.includes('*');
}

function proseOf(line: string): number {
  return (line.match(/[a-z]{2,} [a-z]{2,}/gi)?.length ?? 0) * 6;
}

/** A text of fewer lines is no program. */
const LEAST_LINES = 4;

/** A third of its lines are code, or most of them start with one and the same comment sign. */
function isProgram(text: string, code: readonly boolean[]): boolean {
  let lines = 0;
  let marked = 0;
  let coded = 0;
  const all = text.split('\n');
  for (const [index, line] of all.entries()) {
    if (line.trim() === '') continue;
    lines += 1;
    if (code[index] === true) coded += 1;
    else if (/^\s*(?:#(?!#)|\*|\/\/|--|;|%|dnl|rem|=\w)\s*/i.test(line) && !/^\s*(?:-|\*) \p{L}/u.test(line))
      marked += 1;
  }
  if (lines < LEAST_LINES) return false;
  return coded / lines >= 0.34 || (coded + marked) / lines >= 0.6;
}
