"""The words of titles, descriptions and comments, in several languages and scripts."""

from __future__ import annotations


def _listed(text: str) -> list[str]:
    return text.split(", ")


LATITUDES_AND_LONGITUDES = (
    (10.7769, 106.7009),
    (21.0285, 105.8542),
    (16.4637, 107.5909),
    (16.0544, 108.2022),
    (15.8801, 108.3380),
    (20.8449, 106.6881),
    (11.9404, 108.4583),
    (10.0452, 105.7469),
    (12.2388, 109.1967),
    (10.3460, 107.0843),
    (10.3600, 106.3597),
    (21.8537, 106.7615),
)

PLACES = {
    "vi": _listed(
        "Sài Gòn, Hà Nội, Huế, Đà Nẵng, Hội An, Hải Phòng, Đà Lạt, Cần Thơ, Nha Trang, Vũng Tàu, Mỹ Tho, "
        "Lạng Sơn"
    ),
    "fr": _listed(
        "Saïgon, Hanoï, Hué, Tourane, Faïfo, Haïphong, Dalat, Can Tho, Nha Trang, Cap Saint-Jacques, "
        "Mytho, Lang Son"
    ),
    "en": _listed(
        "Saigon, Hanoi, Hue, Da Nang, Hoi An, Haiphong, Dalat, Can Tho, Nha Trang, Vung Tau, My Tho, Lang Son"
    ),
    "zh": _listed("西貢, 河內, 順化, 峴港, 會安, 海防, 大叻, 芹苴, 芽莊, 頭頓, 美萩, 諒山"),
    "ja": _listed(
        "サイゴン, ハノイ, フエ, ダナン, ホイアン, ハイフォン, ダラット, カントー, ニャチャン, ブンタウ, "
        "ミトー, ランソン"
    ),
    "ko": _listed("사이공, 하노이, 후에, 다낭, 호이안, 하이퐁, 달랏, 껀터, 나트랑, 붕따우, 미토, 랑선"),
    "ar": _listed(
        "سايغون, هانوي, هوي, دانانغ, هويان, هايفونغ, دالات, كانثو, نهاترانغ, فونغتاو, ميثو, لانغسون"
    ),
    "ru": _listed(
        "Сайгон, Ханой, Хюэ, Дананг, Хойан, Хайфон, Далат, Кантхо, Нячанг, Вунгтау, Митхо, Лангшон"
    ),
}

SUBJECTS = {
    "vi": _listed(
        "Chợ trung tâm lúc sáng sớm, Bến tàu và kho hàng, Nhà thờ trên đồi, Ga xe lửa, "
        "Cửa sông nhìn từ hải đăng, Phố chính ngày chủ nhật, Đình làng, Cầu sắt bắc qua sông, "
        "Trường học, Vườn hoa trước tòa thị chính, Xưởng đóng thuyền, Ruộng lúa mùa gặt, Bưu điện, "
        "Chùa cổ, Cổng thành, Những chiếc thuyền buồm"
    ),
    "fr": _listed(
        "Le marché au petit matin, Les quais et les entrepôts, L'église sur la colline, La gare, "
        "L'embouchure vue du phare, La grande rue un dimanche, La maison communale du village, "
        "Le pont métallique sur la rivière, L'école, Le jardin de l'hôtel de ville, "
        "Le chantier des jonques, La moisson dans les rizières, La poste, La pagode ancienne, "
        "La porte de la citadelle, Les sampans au mouillage"
    ),
    "en": _listed(
        "The central market at daybreak, Quays and warehouses, The church on the hill, "
        "The railway station, The river mouth seen from the lighthouse, Main street on a Sunday, "
        "The village hall, The iron bridge over the river, A school class, The garden of the town hall, "
        "A boat builder's yard, Harvest in the rice fields, The post office, An old pagoda, "
        "The gate of the citadel, Sampans at anchor"
    ),
    "zh": _listed(
        "清晨的中央市場, 碼頭與倉庫, 山上的教堂, 火車站, 從燈塔看河口, 星期日的大街, 鄉村會館, 跨河鐵橋, "
        "學校, 古寺"
    ),
    "ja": _listed(
        "早朝の中央市場, 波止場と倉庫, 丘の上の教会, 鉄道の駅, 灯台から見た河口, 日曜日の大通り, "
        "村の集会所, 川に架かる鉄橋, 学校の教室, 古い寺院"
    ),
    "ko": _listed(
        "이른 아침의 중앙 시장, 부두와 창고, 언덕 위의 교회, 기차역, 등대에서 본 하구, 일요일의 큰길, "
        "마을 회관, 강 위의 철교, 학교 교실, 오래된 사원"
    ),
    "ar": _listed(
        "السوق المركزي عند الفجر, أرصفة الميناء والمخازن, الكنيسة فوق التل, محطة القطار, "
        "مصب النهر من المنارة, الشارع الرئيسي يوم الأحد, دار القرية, الجسر الحديدي فوق النهر"
    ),
    "ru": _listed(
        "Центральный рынок на рассвете, Набережные и склады, Церковь на холме, Железнодорожный вокзал, "
        "Устье реки, вид с маяка, Главная улица в воскресенье, Дом общины, Железный мост через реку"
    ),
}

DETAILS = {
    "vi": _listed(
        "ảnh Nadal, bưu thiếp, chụp từ trên cao, mùa nước lớn, trước cơn mưa, ảnh gia đình, bản in lại"
    ),
    "fr": _listed(
        "carte postale, vue aérienne, plaque de verre, à la saison des pluies, album de famille, "
        "tirage d'époque"
    ),
    "en": _listed(
        "postcard, aerial view, glass plate, in the rainy season, a family album, reprint, "
        "photographer unknown"
    ),
    "zh": _listed("明信片, 鳥瞰, 玻璃底片, 雨季, 家庭相簿"),
    "ja": _listed("絵葉書, 空撮, ガラス乾板, 雨季, 家族のアルバム"),
    "ko": _listed("엽서, 항공 사진, 유리 건판, 우기, 가족 앨범"),
    "ar": _listed("بطاقة بريدية, منظر جوي, موسم الأمطار, ألبوم عائلي"),
    "ru": _listed("почтовая открытка, вид с воздуха, стеклянный негатив, сезон дождей, семейный альбом"),
}

PECULIAR_TITLES = (
    "",
    "",
    "📷🌅",
    "🛶🛶🌊 {year}",
    "{year}",
    "0042{year}",
    "IMG_{year}",
    "&quot;{en}&quot; {year}",
    "{fr} &amp; {vi}, {year} &lt;recto&gt;",
    "   {en} {year}",
    "{en} {year} / {fr} {year} / {zh} {year}",
)

SOURCES = (
    "",
    "",
    "Nguồn: bộ sưu tập gia đình",
    "Source : album d'un ingénieur des chemins de fer",
    "Scanned from the glass plate at 2400 dpi.",
    "[https://www.flickr.com/photos/saigon-archive/albums/72157625129201234]",
    '<a href="https://www.flickr.com/photos/saigon-archive/" rel="nofollow">More of this album</a>',
    "<b>Album 7</b>, page 12\n<i>back of the print: no date</i>",
    "https://example.org/archive?album=7&amp;page=12",
)

SENTENCES = {
    "vi": (
        "",
        "Ảnh chụp vào một buổi sáng mùa khô, khi các gánh hàng vừa tới.",
        "Tòa nhà bên trái nay không còn nữa; hàng cây vẫn đứng đó.",
        "Người chụp đứng trên tầng hai của khách sạn, nhìn về phía bờ sông.\nNước lớn gần tới mặt đường.",
        "Ai biết tên con đường này xin cho biết, cám ơn nhiều.",
    ),
    "fr": (
        "",
        "La photographie a été prise un matin de saison sèche, à l'arrivée des marchandes.",
        "Le bâtiment de gauche a disparu ; les arbres sont toujours là.",
        "Le photographe se tenait au premier étage, face au fleuve.\nL'eau arrivait presque à la chaussée.",
        "Si quelqu'un reconnaît cette rue, merci de laisser un commentaire.",
    ),
    "en": (
        "",
        "Taken on a morning of the dry season, when the vendors had just arrived.",
        "The building on the left is gone; the trees still stand.",
        "The photographer stood on the first floor, facing the river.\nThe water nearly reached the road.",
        "If you know the name of this street, please leave a comment.",
    ),
    "zh": ("", "照片攝於旱季的一個早晨。", "左邊的建築已經不在了,樹還在。"),
    "ja": ("", "乾季のある朝に撮影されました。", "左の建物はもうありませんが、木々は今も残っています。"),
    "ko": ("", "건기의 어느 아침에 찍은 사진입니다.", "왼쪽 건물은 사라졌지만 나무는 그대로입니다."),
    "ar": ("", "التقطت الصورة في صباح من موسم الجفاف.", "لم يعد المبنى الأيسر موجودا، لكن الأشجار باقية."),
    "ru": ("", "Снимок сделан утром в сухой сезон.", "Здания слева больше нет, а деревья стоят до сих пор."),
}

COMMENTS = (
    "Ảnh đẹp quá, cám ơn anh đã chia sẻ!",
    "Hồi nhỏ tôi đi học ngang qua đây mỗi ngày, nhớ hàng me hai bên đường.",
    "Ông ngoại tôi làm việc ở ga này tới năm 1954.",
    "Góc này bây giờ là một ngân hàng, nhưng mái ngói phía sau vẫn còn.",
    "Magnifique document, merci pour le partage.",
    "Mon grand-père a travaillé à la construction de ce pont ; il en parlait souvent.",
    "Je crois que la légende se trompe : c'est la rue voisine, on reconnaît le clocher.",
    "What a beautiful picture. Thank you for keeping these.",
    "My mother was born two streets from here. Does anybody know who the photographer was?",
    "The same view ten years later: [https://www.flickr.com/photos/saigon-archive/49499525286]",
    'See also <a href="https://www.flickr.com/photos/saigon-archive/49499522706/">this one</a>.',
    "The sign reads &quot;Imprimerie&quot;, so it must be before 1930.",
    "珍貴的照片,謝謝分享。",
    "祖母曾經住在這條街上。",
    "とても貴重な写真ですね。ありがとうございます。",
    "귀한 사진을 나눠 주셔서 감사합니다.",
    "صورة جميلة جدا، شكرا لك.",
    "Замечательный снимок, спасибо!",
    "Wunderbar! Meine Tante hat das gleiche Foto in ihrem Album.",
    "Preciosa foto, enhorabuena por el archivo.",
    "👍👍👍",
    "❤️🇻🇳",
    "1931?",
    "<b>Wow!</b>\n\n<i>Great light.</i>",
)

COMMENTERS = (
    ("30112233@N02", "ban_do_xua", "Bản Đồ Xưa"),
    ("41223344@N05", "quai_des_brumes", "Claire V."),
    ("52334455@N07", "Old Postcards", ""),
    ("63445566@N00", "hue_1968_kid", "Minh"),
    ("74556677@N08", "写真館", "写真館"),
    ("85667788@N03", "север", ""),
)
