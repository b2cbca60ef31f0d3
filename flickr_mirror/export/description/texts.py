"""The sentences of the README, in six languages."""

from __future__ import annotations

LANGUAGES = {
    "en": "English",
    "vi": "Tiếng Việt",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
    "zh": "中文",
}

TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Photos of {user} from Flickr",
        "what": "This folder is a copy of {photos} photos and videos that the Flickr account {user} ({nsid}) has "
        "published at {url}.",
        "when": "The uploads are from {first} to {last}. This description was made on {date}.",
        "names": "The files of a photo are named after its number at Flickr: the name is the MD5 of the text "
        "“flickr.” followed by the number, and the folders are its first {depth} characters. Photo {example} is "
        "{path}.",
        "json": "The file with the same name and the ending .json has the title, the description, the comments, "
        "the tags, the dates, the place and the licence of the photo, as UTF-8 text.",
        "tables": "photos.tsv lists all photos with their file names; people.tsv the authors of comments; albums.tsv "
        "the albums, if they were copied. They are tables of text with tabs between the columns.",
        "hashes": "manifest-sha256.txt has the SHA-256 of each file. “sha256sum -c manifest-sha256.txt” verifies them.",
        "licences": "licences.txt explains the licences. Photos with “All Rights Reserved” may not be published "
        "without the permission of their author.",
        "gaps": "{gone} of these photos were no longer at Flickr when this was written. Flickr counted {unlisted} "
        "photos that it did not list.",
        "words": "NSID: the number of an account at Flickr. taken: the camera's time, as exact as “granularity” states "
        "(0 second, 4 month, 6 year, 8 circa). uploaded: Universal Time.",
        "about": "ABOUT.md, if it is there, is the owner's own text about the collection.",
    },
    "vi": {
        "title": "Ảnh của {user} trên Flickr",
        "what": "Thư mục này là bản sao của {photos} ảnh và video mà tài khoản Flickr {user} ({nsid}) đã đăng tại {url}.",
        "when": "Các ảnh được tải lên từ {first} đến {last}. Bản mô tả này được lập ngày {date}.",
        "names": "Tên tệp của mỗi ảnh được tính từ số của ảnh trên Flickr: tên là mã MD5 của chuỗi “flickr.” cộng với số "
        "đó, và các thư mục là {depth} ký tự đầu của tên. Ảnh {example} là {path}.",
        "json": "Tệp cùng tên có đuôi .json chứa tiêu đề, mô tả, bình luận, thẻ, ngày tháng, địa điểm và giấy phép của "
        "ảnh, dạng văn bản UTF-8.",
        "tables": "photos.tsv liệt kê tất cả các ảnh cùng tên tệp; people.tsv liệt kê người bình luận; albums.tsv liệt kê "
        "các album, nếu đã sao chép. Đó là các bảng văn bản, các cột cách nhau bằng dấu tab.",
        "hashes": "manifest-sha256.txt chứa mã SHA-256 của từng tệp. Kiểm tra bằng lệnh “sha256sum -c manifest-sha256.txt”.",
        "licences": "licences.txt giải thích các giấy phép. Ảnh ghi “All Rights Reserved” không được công bố nếu tác giả "
        "chưa cho phép.",
        "gaps": "{gone} ảnh trong số này không còn trên Flickr khi lập bản này. Flickr đếm {unlisted} ảnh mà không liệt kê.",
        "words": "NSID: số của tài khoản trên Flickr. taken: giờ của máy ảnh, chính xác theo “granularity” (0 giây, 4 tháng, "
        "6 năm, 8 khoảng chừng). uploaded: giờ quốc tế (UTC).",
        "about": "ABOUT.md, nếu có, là lời của chủ nhân về bộ sưu tập.",
    },
    "fr": {
        "title": "Photos de {user} sur Flickr",
        "what": "Ce dossier est une copie de {photos} photos et vidéos que le compte Flickr {user} ({nsid}) a publiées "
        "sur {url}.",
        "when": "Les envois datent du {first} au {last}. Cette description a été faite le {date}.",
        "names": "Les fichiers d'une photo sont nommés d'après son numéro chez Flickr : le nom est le MD5 du texte "
        "« flickr. » suivi du numéro, et les dossiers en sont les {depth} premiers caractères. La photo {example} est {path}.",
        "json": "Le fichier du même nom terminé par .json contient le titre, la description, les commentaires, les mots-clés, "
        "les dates, le lieu et la licence de la photo, en texte UTF-8.",
        "tables": "photos.tsv énumère toutes les photos avec leurs fichiers ; people.tsv les auteurs des commentaires ; "
        "albums.tsv les albums, s'ils ont été copiés. Ce sont des tableaux de texte séparés par des tabulations.",
        "hashes": "manifest-sha256.txt contient le SHA-256 de chaque fichier. « sha256sum -c manifest-sha256.txt » les vérifie.",
        "licences": "licences.txt explique les licences. Les photos « All Rights Reserved » ne peuvent être publiées sans "
        "l'autorisation de leur auteur.",
        "gaps": "{gone} de ces photos n'étaient plus chez Flickr au moment de l'écriture. Flickr comptait {unlisted} photos "
        "qu'il n'énumérait pas.",
        "words": "NSID : numéro d'un compte chez Flickr. taken : heure de l'appareil, avec la précision « granularity » "
        "(0 seconde, 4 mois, 6 année, 8 environ). uploaded : temps universel.",
        "about": "ABOUT.md, s'il existe, est le texte du propriétaire sur la collection.",
    },
    "de": {
        "title": "Fotos von {user} bei Flickr",
        "what": "Dieser Ordner ist eine Kopie von {photos} Fotos und Videos, die das Flickr-Konto {user} ({nsid}) unter "
        "{url} veröffentlicht hat.",
        "when": "Hochgeladen wurden sie vom {first} bis zum {last}. Diese Beschreibung entstand am {date}.",
        "names": "Die Dateien eines Fotos heißen nach seiner Nummer bei Flickr: Der Name ist der MD5-Wert des Textes "
        "„flickr.“ mit der Nummer, die Ordner sind seine ersten {depth} Zeichen. Das Foto {example} ist {path}.",
        "json": "Die gleichnamige Datei mit der Endung .json enthält Titel, Beschreibung, Kommentare, Schlagwörter, Daten, "
        "Ort und Lizenz des Fotos als UTF-8-Text.",
        "tables": "photos.tsv nennt alle Fotos mit ihren Dateien, people.tsv die Verfasser von Kommentaren, albums.tsv die "
        "Alben, falls sie kopiert wurden. Es sind Tabellen aus Text, die Spalten durch Tabulatoren getrennt.",
        "hashes": "manifest-sha256.txt enthält den SHA-256 jeder Datei. „sha256sum -c manifest-sha256.txt“ prüft sie.",
        "licences": "licences.txt erklärt die Lizenzen. Fotos mit „All Rights Reserved“ dürfen ohne Erlaubnis ihrer Urheber "
        "nicht veröffentlicht werden.",
        "gaps": "{gone} dieser Fotos waren bei Flickr nicht mehr vorhanden, als dies geschrieben wurde. Flickr zählte "
        "{unlisted} Fotos, die es nicht auflistete.",
        "words": "NSID: Nummer eines Kontos bei Flickr. taken: Uhrzeit der Kamera, so genau wie „granularity“ angibt "
        "(0 Sekunde, 4 Monat, 6 Jahr, 8 ungefähr). uploaded: Weltzeit.",
        "about": "ABOUT.md ist, falls vorhanden, der eigene Text des Besitzers zur Sammlung.",
    },
    "es": {
        "title": "Fotos de {user} en Flickr",
        "what": "Esta carpeta es una copia de {photos} fotos y vídeos que la cuenta de Flickr {user} ({nsid}) publicó en {url}.",
        "when": "Se subieron entre el {first} y el {last}. Esta descripción se hizo el {date}.",
        "names": "Los archivos de una foto se llaman según su número en Flickr: el nombre es el MD5 del texto «flickr.» "
        "seguido del número, y las carpetas son sus primeros {depth} caracteres. La foto {example} es {path}.",
        "json": "El archivo del mismo nombre terminado en .json contiene el título, la descripción, los comentarios, las "
        "etiquetas, las fechas, el lugar y la licencia de la foto, como texto UTF-8.",
        "tables": "photos.tsv enumera todas las fotos con sus archivos; people.tsv, los autores de comentarios; albums.tsv, "
        "los álbumes, si se copiaron. Son tablas de texto con tabuladores entre las columnas.",
        "hashes": "manifest-sha256.txt contiene el SHA-256 de cada archivo. «sha256sum -c manifest-sha256.txt» los comprueba.",
        "licences": "licences.txt explica las licencias. Las fotos con «All Rights Reserved» no pueden publicarse sin permiso "
        "de su autor.",
        "gaps": "{gone} de estas fotos ya no estaban en Flickr cuando se escribió esto. Flickr contaba {unlisted} fotos que no "
        "enumeraba.",
        "words": "NSID: número de una cuenta en Flickr. taken: hora de la cámara, con la precisión «granularity» (0 segundo, "
        "4 mes, 6 año, 8 aproximado). uploaded: tiempo universal.",
        "about": "ABOUT.md, si existe, es el texto del propietario sobre la colección.",
    },
    "zh": {
        "title": "{user} 在 Flickr 上的照片",
        "what": "本文件夹是 Flickr 账户 {user}（{nsid}）在 {url} 发布的 {photos} 张照片和视频的副本。",
        "when": "上传时间为 {first} 至 {last}。本说明写于 {date}。",
        "names": "照片的文件名由其在 Flickr 的编号得出：文件名是文本“flickr.”加编号的 MD5 值，各级文件夹是文件名的前 "
        "{depth} 个字符。照片 {example} 是 {path}。",
        "json": "同名的 .json 文件包含照片的标题、说明、评论、标签、日期、地点和许可，为 UTF-8 文本。",
        "tables": "photos.tsv 列出所有照片及其文件名；people.tsv 列出评论作者；albums.tsv 列出相册（如已复制）。它们是以制表符"
        "分隔各列的文本表格。",
        "hashes": "manifest-sha256.txt 含每个文件的 SHA-256 值，可用“sha256sum -c manifest-sha256.txt”校验。",
        "licences": "licences.txt 说明各种许可。标有“All Rights Reserved”的照片未经作者许可不得发表。",
        "gaps": "写本说明时，其中 {gone} 张照片已不在 Flickr 上。Flickr 计入但未列出的照片有 {unlisted} 张。",
        "words": "NSID：Flickr 账户的编号。taken：相机时间，精确度见“granularity”（0 秒，4 月，6 年，8 大约）。uploaded：世界时。",
        "about": "如有 ABOUT.md，它是所有者自己对本收藏的说明。",
    },
}
"""The sentences by language; all languages have the same keys, in the order of the README."""

LIST_TEXTS: dict[str, dict[str, str]] = {
    "en": {
        "title": "{user}, a list of photos at Flickr",
        "what": "This folder is a copy of {photos} photos and videos of the list “{user}” at {url}. Number of owners: "
        "{owners}. photos.tsv and each .json file name the owner and the licence of each photo.",
        "tables": "photos.tsv lists all photos with their file names; people.tsv the owners of the photos and the authors "
        "of comments. They are tables of text with tabs between the columns.",
        "gaps": "{gone} of these photos were no longer in the list when this was written. Flickr does not promise that "
        "such a list is complete.",
    },
    "vi": {
        "title": "{user}, một danh sách ảnh trên Flickr",
        "what": "Thư mục này là bản sao của {photos} ảnh và video trong danh sách “{user}” tại {url}. Số chủ sở hữu: {owners}. "
        "photos.tsv và mỗi tệp .json ghi tên chủ và giấy phép của từng ảnh.",
        "tables": "photos.tsv liệt kê tất cả các ảnh cùng tên tệp; people.tsv liệt kê chủ của ảnh và người bình luận. Đó là "
        "các bảng văn bản, các cột cách nhau bằng dấu tab.",
        "gaps": "{gone} ảnh trong số này không còn trong danh sách khi lập bản này. Flickr không bảo đảm danh sách như thế "
        "là đầy đủ.",
    },
    "fr": {
        "title": "{user}, une liste de photos sur Flickr",
        "what": "Ce dossier est une copie de {photos} photos et vidéos de la liste « {user} » sur {url}. Nombre de "
        "propriétaires : {owners}. photos.tsv et chaque fichier .json nomment le propriétaire et la licence de chaque photo.",
        "tables": "photos.tsv énumère toutes les photos avec leurs fichiers ; people.tsv les propriétaires des photos et les "
        "auteurs des commentaires. Ce sont des tableaux de texte séparés par des tabulations.",
        "gaps": "{gone} de ces photos n'étaient plus dans la liste au moment de l'écriture. Flickr ne garantit pas qu'une "
        "telle liste soit complète.",
    },
    "de": {
        "title": "{user}, eine Liste von Fotos bei Flickr",
        "what": "Dieser Ordner ist eine Kopie von {photos} Fotos und Videos der Liste „{user}“ unter {url}. Zahl der Eigentümer: "
        "{owners}. photos.tsv und jede .json-Datei nennen Eigentümer und Lizenz jedes Fotos.",
        "tables": "photos.tsv nennt alle Fotos mit ihren Dateien, people.tsv die Eigentümer der Fotos und die Verfasser von "
        "Kommentaren. Es sind Tabellen aus Text, die Spalten durch Tabulatoren getrennt.",
        "gaps": "{gone} dieser Fotos waren nicht mehr in der Liste, als dies geschrieben wurde. Flickr verspricht nicht, dass "
        "eine solche Liste vollständig ist.",
    },
    "es": {
        "title": "{user}, una lista de fotos en Flickr",
        "what": "Esta carpeta es una copia de {photos} fotos y vídeos de la lista «{user}» en {url}. Número de "
        "propietarios: {owners}. photos.tsv y cada archivo .json indican el propietario y la licencia de cada foto.",
        "tables": "photos.tsv enumera todas las fotos con sus archivos; people.tsv, los propietarios de las fotos y los autores "
        "de comentarios. Son tablas de texto con tabuladores entre las columnas.",
        "gaps": "{gone} de estas fotos ya no estaban en la lista cuando se escribió esto. Flickr no garantiza que una lista así "
        "esté completa.",
    },
    "zh": {
        "title": "{user}，Flickr 上的照片列表",
        "what": "本文件夹是列表“{user}”（{url}）中 {photos} 张照片和视频的副本。所有者人数：{owners}。photos.tsv 和每个 "
        ".json 文件都写明每张照片的所有者和许可。",
        "tables": "photos.tsv 列出所有照片及其文件名；people.tsv 列出照片的所有者和评论作者。它们是以制表符分隔各列的文本表格。",
        "gaps": "写本说明时，其中 {gone} 张照片已不在列表中。Flickr 不保证这样的列表是完整的。",
    },
}
"""The sentences that replace those of `TEXTS` for a list of photos of several owners."""


def texts_of(language: str, *, is_list: bool) -> dict[str, str]:
    """Return the sentences of a language, in the order of the README."""
    return TEXTS[language] | (LIST_TEXTS[language] if is_list else {})
