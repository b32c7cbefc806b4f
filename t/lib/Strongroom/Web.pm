package Strongroom::Web;

# lighttpd and Caddy in front of a house, with the files of lighttpd/ and
# caddy/ as they are shipped: nothing is changed but where this machine and
# this test need another place, and what is not found there is an error.

use strict;
use warnings;
use Exporter 'import';
use File::Copy qw(copy);
use Test::More;
use Strongroom;
use Strongroom::Http qw(start_server);

our @EXPORT_OK = qw(web_servers start_web shipped);

# Those of the two that this machine has.
sub web_servers {
	return grep {
		my $name = $_;
		grep { -x "$_/$name" } qw(/usr/local/sbin /usr/local/bin
		    /usr/sbin /usr/bin);
	} qw(lighttpd caddy);
}

# A file of the source, with each text replaced by the one behind it.
sub shipped {
	my ($file, @pairs) = @_;
	my $text = slurp(source() . "/$file");
	while (my ($from, $to) = splice @pairs, 0, 2) {
		$text =~ s/\Q$from\E/$to/g
		    or die "$file does not have: $from\n";
	}
	return $text;
}

sub _lighttpd {
	my ($house, %o) = @_;
	my $dir = "$house->{dir}/lighttpd";
	mkdir $dir or die "$dir: $!";
	# Where the user that lighttpd becomes can read them.
	mkdir "$dir/refusals" or die $!;
	copy($_, "$dir/refusals") or die "$_: $!"
	    for glob "'@{[source()]}/lighttpd/refusals'/*.html";
	my @owner = map { ("server.$_ = \"www-data\"\n" => '') }
	    qw(username groupname);
	if ($> == 0) {
		@owner = ();
		chmod 0755, @$house{qw(top dir)}, $dir, "$dir/refusals";
		spew("$dir/$_", '', 0666) for qw(access.log error.log);
	}
	my $text = sub { shipped('lighttpd/strongroom.conf',
	    'server.port = 8080' => "server.port = $_[0]",
	    '/run/strongroom/strongroom.sock' =>
	    $o{socket} // $house->{worker}{socket},
	    '/etc/lighttpd/strongroom/' => "$dir/",
	    '/var/log/lighttpd/strongroom.access.log' => "$dir/access.log",
	    '/var/log/lighttpd/error.log' => "$dir/error.log",
	    '/run/lighttpd.pid' => "$dir/pid",
	    '/var/www/html' => "$house->{dir}/www",
	    @owner, @{ $o{replace} // [] }) };
	my $front = start_server('lighttpd', "$dir/lighttpd.conf",
	    "$dir/error.log", $text, env => Strongroom::clean_env(),
	    cmd => [@{ $o{wrap} // [] }, 'lighttpd', '-D', '-f',
	    "$dir/lighttpd.conf"]);
	return { %$front, dir => $dir, access => "$dir/access.log" };
}

# Runs as whoever runs the test.
sub _caddy {
	my ($house, %o) = @_;
	my $dir = "$house->{dir}/caddy";
	mkdir $dir or die "$dir: $!";
	my $text = sub { shipped('caddy/Caddyfile',
	    'http://:8080' => "http://:$_[0]",
	    '/run/strongroom/strongroom.sock' =>
	    $o{socket} // $house->{worker}{socket},
	    '/var/log/caddy/strongroom.access.log' => "$dir/access.log",
	    '/usr/share/caddy' => "$house->{dir}/www",
	    @{ $o{replace} // [] }) };
	my %env = (HOME => $dir, XDG_DATA_HOME => $dir, XDG_CONFIG_HOME => $dir);
	my $front = start_server('caddy', "$dir/Caddyfile", "$dir/error.log",
	    $text, env => Strongroom::clean_env(%env),
	    cmd => [@{ $o{wrap} // [] }, 'caddy', 'run', '--adapter',
	    'caddyfile', '--config', "$dir/Caddyfile"]);
	return { %$front, dir => $dir, access => "$dir/access.log" };
}

# start_web('caddy', $house, replace => [from => to, ...], socket =>, wrap =>
# [command in front]): the front. Its log of requests is {access}.
sub start_web {
	my ($name, $house, %o) = @_;
	my $front = $name eq 'caddy' ? _caddy($house, %o) : _lighttpd($house, %o);
	push @{ $house->{fronts} }, $front;
	return $front;
}

1;
