// Search: words in the index files, filters in the columns, phrases in the texts. Answers lists of ordinals, newest first.
(function () {
    "use strict";
    const app = window.flickrMirror;
    const files = new Map();
    const SHORTEST = 2;

    async function wordsOf(number) {
        let words = files.get(number);
        if (!words) {
            words = app.need(`search/${number}`);
            files.set(number, words);
            if (files.size > 24) files.delete(files.keys().next().value);
        }
        return words;
    }

    // The last file whose first word is not after `word`
    function fileOf(firsts, word) {
        let low = 0,
            high = firsts.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (firsts[middle] <= word) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    // Mark in `fields` the fields of each photo in which the word occurs.
    function decode(text, fields) {
        const raw = atob(text);
        let at = 0,
            shard = 0;
        const varint = () => {
            let value = 0,
                shift = 0,
                byte;
            do {
                byte = raw.charCodeAt(at++);
                value |= (byte & 127) << shift;
                shift += 7;
            } while (byte > 127);
            return value;
        };
        while (at < raw.length) {
            shard += varint();
            let ordinal = shard * app.first.shardSize;
            for (let left = varint(); left > 0; left--) {
                const entry = varint();
                ordinal += entry >> 4;
                if (ordinal < fields.length) fields[ordinal] |= entry & 15;
            }
        }
    }

    // Return a byte for each photo: the fields with a word. Typed without marks it stands for all its spellings.
    async function occurrences(word, isPrefix) {
        const firsts = await app.once("search");
        const fields = new Uint8Array(app.first.total);
        const key = app.plain(word) || word;
        if (!firsts.length) return fields;
        const isOpen = isPrefix && [...key].length >= SHORTEST;
        const fits = (spelling) => key === word || (isOpen ? spelling.startsWith(word) : spelling === word);
        const first = fileOf(firsts, key);
        const last = isOpen ? fileOf(firsts, key + "\uffff") : first;
        for (let number = first; number <= last; number++) {
            const words = await wordsOf(number);
            const keys = isOpen
                ? Object.keys(words).filter((other) => other.startsWith(key))
                : Object.hasOwn(words, key)
                  ? [key]
                  : [];
            for (const other of keys) {
                for (const [spelling, places] of Object.entries(words[other]))
                    if (fits(spelling)) decode(places, fields);
            }
        }
        return fields;
    }

    async function matches(term, isLast) {
        const found = new Uint8Array(app.first.total).fill(255);
        for (const [index, word] of term.words.entries()) {
            const isPrefix = isLast && term.isPrefix && index === term.words.length - 1;
            if (isPrefix && term.isPhrase && [...word].length < SHORTEST) continue; // compared with the texts
            const fields = await occurrences(word, isPrefix);
            const wanted = term.fields || 15;
            for (let ordinal = 0; ordinal < found.length; ordinal++)
                if (!(fields[ordinal] & wanted)) found[ordinal] = 0;
        }
        return found;
    }

    const text = (node) =>
        typeof node === "string"
            ? node
            : (node || [])
                  .map((child) =>
                      typeof child === "string"
                          ? child
                          : child[0] === "br"
                            ? "\n"
                            : text(child.slice(child[0] === "a" ? 2 : 1)),
                  )
                  .join("");

    function hasPhrase(term, string) {
        const fold = term.words.every((word) => word === app.plain(word)) ? app.plain : (word) => word;
        const joined = ` ${app.spellings(string).map(fold).join(" ")}`;
        const wanted = ` ${term.words.join(" ")}`;
        return joined.includes(term.isPrefix ? wanted : `${wanted} `) || joined.endsWith(wanted);
    }

    // Return whether the texts of a photo have a phrase, in the fields of its term.
    async function isInTexts(term, ordinal) {
        const wanted = term.fields || 15;
        if (wanted & 1 && hasPhrase(term, app.title(ordinal))) return true;
        if (wanted === 1) return false;
        const entry = await app.entry(ordinal);
        const texts = [];
        if (wanted & 2) texts.push(text(entry.description));
        if (wanted & 4) texts.push(...(entry.tags || []), (entry.tags || []).join(" "));
        if (wanted & 8)
            texts.push(...(entry.comments || []).map((comment) => text(comment[3])), ...(entry.notes || []));
        return texts.some((string) => hasPhrase(term, string));
    }

    async function filterOf({ field, value }) {
        const key = value.replace(/[\W_]+/g, "");
        if (field === "year") return (ordinal) => String(app.takenYear(ordinal)) === value;
        if (field === "licence")
            return (ordinal) =>
                app
                    .license(ordinal)[0]
                    .toLowerCase()
                    .replace(/[\W_]+/g, "")
                    .startsWith(key);
        if (field === "album") {
            const members = new Set((await app.findAlbums(value)).flatMap((album) => album[4]));
            return (ordinal) => members.has(ordinal);
        }
        const tests = {
            place: (ordinal) => app.place(ordinal) !== null,
            video: app.isFilm,
            film: app.isFilm,
            comment: (ordinal) => app.value("comments", ordinal) > 0,
            gone: app.isGone,
            private: app.isPrivate,
        };
        return tests[key.replace(/s$/, "")] || (() => false);
    }

    // Return the photos that have a phrase, out of candidates, newest first. What is found so far is shown now and then:
    // all texts of a large mirror take seconds to read.
    async function checked(candidates, phrases, isCurrent, onPart) {
        const list = [];
        let next = performance.now() + 60;
        for (const ordinal of candidates) {
            if (!isCurrent()) return null;
            let fits = true;
            for (const { term, found } of phrases) {
                if (fits && found[ordinal]) fits = (await isInTexts(term, ordinal)) !== term.excluded;
            }
            if (fits) list.push(ordinal);
            if (onPart && list.length && performance.now() > next) {
                onPart(list.slice());
                next = performance.now() + 1000;
            }
        }
        return list;
    }

    // Return the ordinals that a query finds, newest first; null if another query has begun meanwhile. `onPart` gets the
    // first of them if the rest takes longer.
    let latest = 0;
    app.search = async function (query, onPart) {
        const turn = ++latest;
        const isCurrent = () => turn === latest;
        const { terms, filters } = app.parse(query);
        if (!terms.length && !filters.length) return [];
        const kept = new Uint8Array(app.first.total).fill(1);
        const phrases = [];
        for (const [index, term] of terms.entries()) {
            const found = await matches(term, index === terms.length - 1 && !term.excluded);
            if (!isCurrent()) return null;
            if (term.isPhrase) phrases.push({ term, found });
            if (term.isPhrase && term.excluded) continue;
            for (let ordinal = 0; ordinal < kept.length; ordinal++)
                if (!found[ordinal] === !term.excluded) kept[ordinal] = 0;
        }
        for (const filter of filters) {
            const test = await filterOf(filter);
            for (let ordinal = 0; ordinal < kept.length; ordinal++)
                if (kept[ordinal] && test(ordinal) === filter.excluded) kept[ordinal] = 0;
        }
        if (!isCurrent()) return null;
        const list = [];
        for (let ordinal = kept.length - 1; ordinal >= 0; ordinal--) if (kept[ordinal]) list.push(ordinal);
        return phrases.length ? checked(list, phrases, isCurrent, onPart) : list;
    };
})();
