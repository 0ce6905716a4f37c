// @ts-check
import { make } from "./dom.js";

/** What a card is written with: headings, tables, code, lists and paragraphs. @param {string} text @returns {HTMLElement[]} */
export function markdown(text) {
  const lines = text.replace(/^---\n.*?\n---\n/s, "").split("\n");
  const nodes = [];
  /** Takes lines as long as they are of a kind. @param {(line: string) => boolean} is */
  const take = (is) => {
    const from = lines.findIndex((line) => !is(line));
    return lines.splice(0, from < 0 ? lines.length : from);
  };
  while (lines.length) {
    const [line] = lines;
    if (!line.trim()) lines.shift();
    else if (line.startsWith("```")) {
      lines.shift();
      nodes.push(make("pre", { tabindex: "0" }, take((line) => !line.startsWith("```")).join("\n")));
      lines.shift();
    } else if (line.startsWith("#")) {
      nodes.push(make("h3", {}, ...inline(/** @type {string} */ (lines.shift()).replace(/^#+ */, ""))));
    } else if (line.startsWith("|")) nodes.push(table(take((line) => line.startsWith("|"))));
    else if (line.startsWith("- ")) nodes.push(list(take((line) => /^(- |  )/.test(line))));
    else nodes.push(make("p", {}, ...inline(take((line) => line.trim() !== "" && !/^(```|#|\||- )/.test(line)).join(" "))));
  }
  return nodes;
}

/** @param {string[]} rows */
function table(rows) {
  const cells = (/** @type {string} */ row) => row.split("|").slice(1, -1).map((cell) => cell.trim());
  const [head, , ...body] = rows.map(cells);
  const line = (/** @type {string} */ kind, /** @type {string[]} */ row) => make("tr", {}, ...row.map((cell) => make(cell ? kind : "td", {}, ...inline(cell))));
  const named = head.some(Boolean) ? [make("thead", {}, line("th", head))] : [];
  return make("table", {}, ...named, make("tbody", {}, ...body.map((row) => line("td", row))));
}

/** @param {string[]} lines */
function list(lines) {
  const items = lines.join("\n").split(/^- /m).slice(1).map((item) => item.replaceAll(/\s*\n\s*/g, " "));
  return make("ul", {}, ...items.map((item) => make("li", {}, ...inline(item))));
}

/** Code and emphasis. @param {string} text @returns {(Node | string)[]} */
function inline(text) {
  return text.split(/(`[^`]+`|\*[^*]+\*)/).filter(Boolean).map((part) => {
    const inside = part.slice(1, -1);
    return part[0] === "`" ? make("code", {}, inside) : /^\*.+\*$/.test(part) ? make("em", {}, inside) : part;
  });
}
