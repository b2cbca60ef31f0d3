// MD5 (RFC 1321) of a short ASCII text: the name of a photo's files is the MD5 of "flickr." and its id.
(function () {
    "use strict";
    const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
    const SINES = Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 4294967296) | 0);

    window.flickrMirror.md5 = function (text) {
        const words = new Int32Array((((text.length + 8) >> 6) + 1) * 16);
        for (let index = 0; index < text.length; index++)
            words[index >> 2] |= text.charCodeAt(index) << ((index % 4) * 8);
        words[text.length >> 2] |= 0x80 << ((text.length % 4) * 8);
        words[words.length - 2] = text.length * 8;
        let a = 0x67452301,
            b = 0xefcdab89 | 0,
            c = 0x98badcfe | 0,
            d = 0x10325476;
        for (let block = 0; block < words.length; block += 16) {
            const before = [a, b, c, d];
            for (let step = 0; step < 64; step++) {
                const round = step >> 4;
                let mixed, place;
                if (round === 0) {
                    mixed = (b & c) | (~b & d);
                    place = step;
                } else if (round === 1) {
                    mixed = (d & b) | (~d & c);
                    place = (5 * step + 1) % 16;
                } else if (round === 2) {
                    mixed = b ^ c ^ d;
                    place = (3 * step + 5) % 16;
                } else {
                    mixed = c ^ (b | ~d);
                    place = (7 * step) % 16;
                }
                const sum = (a + mixed + SINES[step] + words[block + place]) | 0;
                const shift = SHIFTS[round * 4 + (step % 4)];
                a = d;
                d = c;
                c = b;
                b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
            }
            a = (a + before[0]) | 0;
            b = (b + before[1]) | 0;
            c = (c + before[2]) | 0;
            d = (d + before[3]) | 0;
        }
        const hex = (word) =>
            [0, 8, 16, 24].map((shift) => ((word >>> shift) & 255).toString(16).padStart(2, "0")).join("");
        return [a, b, c, d].map(hex).join("");
    };
})();
