"""Builds a gallery: static pages that show a mirror in any browser, opened from disk or from any web server.

`builder` writes it; `assets` are the pages, styles and scripts, which are copied as they are. The scripts load data
files, each of which is one call with JSON in a string, because a page from disk may load nothing else:

    data/first.js      the owner, the counts, and the newest photos, for the first look
    data/columns.js    numbers of all photos, one typed array for each column, oldest upload first
    data/titles.js     all titles
    data/albums.js, data/tags.js, data/people.js
    data/text/N.js     descriptions, tags and comments of 200 photos
    data/search.js     the first word of each file of the search index; data/search/N.js has the words
    list/2014-03.html  pages without scripts, one for each month of upload

`.gallery.sqlite` in the folder keeps what must not be read again, so that a second build writes only what changed.
"""
