#!/home/ACCOUNT/strongroom/bin/strongroom.fcgi --config=/home/ACCOUNT/strongroom/strongroom.conf
