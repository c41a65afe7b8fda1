"""The video endpoints as Prefect tasks."""

from tasks.declare import paid_task

sora = paid_task("sora", "/v1/sora/videos", "video")
veo = paid_task("veo", "/v1/veo/videos", "video")
seedance_1_5 = paid_task("seedance_1_5", "/v1/seedance/videos", "video")
seedance_2_0 = paid_task("seedance_2_0", "/v1/kyyvideo2/videos", "video")
seedance_x1 = paid_task("seedance_x1", "/v1/seedance-x1/videos", "video")
seedance_special = paid_task("seedance_special", "/v1/seedance-special/videos", "video")
seedance_discount = paid_task("seedance_discount", "/v1/seedance-discount/videos", "video")
vidu = paid_task("vidu", "/v1/vidu/videos", "video")
grok = paid_task("grok", "/v1/grok/videos", "video")
starvideos = paid_task("starvideos", "/v1/starvideos/videos", "video")
videos = paid_task("videos", "/v1/videos/videos", "video")
sd2_manxue = paid_task("sd2_manxue", "/v1/sd2_manxue/videos", "video")
luxvid = paid_task("luxvid", "/v1/luxvid-video/videos", "video")
omni_flash = paid_task("omni_flash", "/v1/omni-flash/videos", "video")
happyhorse_t2v = paid_task("happyhorse_t2v", "/v1/happyhorse-t2v/videos", "video")
happyhorse_i2v = paid_task("happyhorse_i2v", "/v1/happyhorse-i2v/videos", "video")
happyhorse_r2v = paid_task("happyhorse_r2v", "/v1/happyhorse-r2v/videos", "video")
happyhorse_edit = paid_task("happyhorse_edit", "/v1/happyhorse-edit/videos", "video")
digital_human = paid_task("digital_human", "/v1/digitalHuman/videos", "video")
