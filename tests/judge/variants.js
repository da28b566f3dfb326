// Writes variants of tests/data/tokenizer_small.json, each with one component otherwise, into DIR.
//   node variants.js DIR
'use strict';
const fs = require('fs');
const path = require('path');

const small = fs.readFileSync(path.join(__dirname, '../data/tokenizer_small.json'), 'utf8');
const dir = process.argv[2];
const write = (name, change) => {
	const j = JSON.parse(small);
	change(j);
	fs.mkdirSync(path.join(dir, name, 'models'), { recursive: true });
	fs.writeFileSync(path.join(dir, name, 'models', 'tokenizer.json'), JSON.stringify(j));
};
const level = (o) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false, ...o });
const split = (pattern, behavior, invert) => ({ type: 'Split', pattern, behavior, invert: !!invert });
const pre = (name, ...steps) => write(name, (j) => (j.pre_tokenizer = { type: 'Sequence', pretokenizers: steps.concat(level()) }));
const regex = (name, r) => pre(name, split({ Regex: r }, 'Isolated'));

write('merge-pairs', (j) => (j.model.merges = j.model.merges.map((m) => m.split(' '))));
write('ignore-merges', (j) => {
	j.model.ignore_merges = true;
	for (const w of ['Ġzzqq', 'unmade', '123', '日本', 'Ġreturn'])
		if (!(w in j.model.vocab)) j.model.vocab[w] = Object.keys(j.model.vocab).length;
	j.added_tokens.forEach((a, i) => (a.id = Object.keys(j.model.vocab).length + i));
	j.post_processor = null;
});
write('nfc', (j) => {
	j.normalizer = { type: 'NFC' };
	j.added_tokens.push({ id: j.added_tokens.at(-1).id + 1, content: '\u00e8\u00e9', single_word: false, lstrip: false, rstrip: false, normalized: true, special: false });
});
write('strip', (j) => j.added_tokens.forEach((a, i) => ((a.lstrip = i % 2 === 0), (a.rstrip = i % 3 === 0))));
write('byte-level', (j) => (j.pre_tokenizer = level({ use_regex: true })));
write('prefix-space', (j) => (j.pre_tokenizer = level({ use_regex: true, add_prefix_space: true })));
write('prefix-only', (j) => (j.pre_tokenizer = { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, level({ add_prefix_space: true })] }));
write('in-vocabulary', (j) => {
	const v = Object.keys(j.model.vocab);
	j.added_tokens.push({ id: j.model.vocab[v[700]], content: v[700], single_word: false, lstrip: false, rstrip: false, normalized: true, special: false });
});
pre('digits', { type: 'Digits', individual_digits: false });
pre('digits-each', { type: 'Digits', individual_digits: true });
for (const b of ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'])
	for (const inv of [false, true]) {
		pre(`split-${b}-${inv}`, split({ Regex: '[\\s-]' }, b, inv));
		pre(`text-${b}-${inv}`, split({ String: '-' }, b, inv), split({ String: '(a.' }, b, inv));
	}
regex('cl100k', "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");
regex('possessive', "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s");
regex('lines', '^.|.$|^\\s+$|[^\\S\\n]+');
regex('intervals', 'a{2}|-{,3}=|\\p{L}{2,4}?\\s|(?:\\p{N}\\s){2}+|x{');
regex('escapes', '\\u0061+|\\x{4e00}|[\\x{3040}-\\x{309f}]+|[\\v\\f\\t]|[a-c\\-\\]]+|\\/|\\p{^L}\\P{N}|[\\S]{3}(?<=\\p{Lu}|\\.)|(?<!\\s)\\d\\D');
regex('scripts', '\\p{Han}+|[\\p{Hiragana}\\p{Katakana}]+|\\p{Hangul}|\\p{Thai}+|[^\\p{Han}\\s]+');
regex('spaces', '\\s|\\S(?=\\s)');
regex('caseless', "(?i:the|a.|[a])");
