// Texts for people: ages, sizes, shell words, and characters that are not what they seem.

const NOT_SHOWN = /[\p{C}\p{Z}]/gu;
const SHORT = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };

function escaped(char) {
  const code = char.codePointAt(0);
  const hex = code.toString(16);
  if (SHORT[char]) return SHORT[char];
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

// On one line: whatever a terminal or a browser would act on (escapes, controls, marks that turn the
// direction of text) is shown as its escape, in the same form as the commands show it.
export function printable(text) {
  return String(text).replace(NOT_SHOWN, (char) => (char === ' ' ? char : escaped(char)));
}

// With its ends of lines and tabs.
export function printableLines(text) {
  return String(text).replace(/\r\n/g, '\n').replace(NOT_SHOWN, (char) =>
    char === ' ' || char === '\n' || char === '\t' ? char : escaped(char));
}

const STEPS = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']];

export function duration(seconds) {
  for (const [size, unit] of STEPS) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return '0 s';
}

export function age(time, now = Date.now()) {
  return time ? duration(Math.max(0, (now - Date.parse(time)) / 1000)) : '';
}

// A point in time, in the zone of who reads it.
export function moment(time) {
  if (!time) return '';
  const at = new Date(time);
  const two = (number) => String(number).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = '';
  for (unit of units) {
    value /= 1024;
    if (value < 1024) break;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

// A word of a command line, quoted for a POSIX shell; one with control characters in bash's form.
export function shell(word) {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  const plain = word.replace(/'/g, "'\\''");
  const shown = printable(plain);
  return shown === plain ? `'${plain}'` : `$'${printable(word.replace(/['\\]/g, '\\$&'))}'`;
}
