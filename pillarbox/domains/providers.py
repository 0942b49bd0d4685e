"""Domains of public mail providers: their addresses belong to anybody, so nobody can own them as a sender."""

PUBLIC_PROVIDERS = frozenset(
    (
        "126.com 139.com 163.com 189.cn aim.com alice.it aliceadsl.fr aliyun.com aol.com aol.co.uk aol.de "
        "aol.fr arcor.de att.net bellsouth.net bigpond.com bluewin.ch blueyonder.co.uk bol.com.br bt.com "
        "btinternet.com centurylink.net charter.net comcast.net cox.net daum.net duck.com earthlink.net "
        "email.com email.cz fastmail.com fastmail.fm foxmail.com free.fr freemail.hu freenet.de frontier.com "
        "gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com hanmail.net hey.com hotmail.be "
        "hotmail.ca hotmail.ch hotmail.co.jp hotmail.co.uk hotmail.com hotmail.com.ar hotmail.com.br "
        "hotmail.de hotmail.es hotmail.fr hotmail.it hotmail.nl hushmail.com icloud.com ig.com.br inbox.lv "
        "inbox.ru interia.pl juno.com laposte.net libero.it list.ru live.be live.ca live.cn live.co.uk "
        "live.com live.com.au live.de live.fr live.it live.nl live.se lycos.com mac.com mail.com mail.ee "
        "mail.ru mailinator.com me.com msn.com naver.com neuf.fr ntlworld.com numericable.fr o2.pl onet.pl "
        "optonline.net optusnet.com.au orange.fr outlook.at outlook.be outlook.com outlook.com.au "
        "outlook.com.br outlook.de outlook.dk outlook.es outlook.fr outlook.ie outlook.it outlook.jp "
        "passport.com pm.me proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com "
        "rocketmail.com rogers.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.cn sina.com sky.com sohu.com "
        "sympatico.ca t-online.de talktalk.net telenet.be telus.net terra.com.br tiscali.co.uk tiscali.it "
        "tom.com tuta.com tuta.io tutamail.com tutanota.com tutanota.de ukr.net uol.com.br verizon.net "
        "videotron.ca virgilio.it virginmedia.com wanadoo.fr web.de windstream.net wp.pl xs4all.nl xtra.co.nz "
        "ya.ru yahoo.ca yahoo.co.id yahoo.co.in yahoo.co.jp yahoo.co.nz yahoo.co.th yahoo.co.uk yahoo.com "
        "yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.cn yahoo.com.hk yahoo.com.mx yahoo.com.ph "
        "yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.vn yahoo.de yahoo.dk yahoo.es yahoo.fr yahoo.gr "
        "yahoo.ie yahoo.in yahoo.it yahoo.no yahoo.pl yahoo.ro yahoo.se yandex.by yandex.com yandex.kz "
        "yandex.ru yandex.ua yeah.net ymail.com zoho.com zohomail.com"
    ).split()
)
