#!/usr/bin/perl
# What the Debian package's configuration does with files of before: the key
# file and the configuration get directories of their own, whenever it is killed
# on the way, and what the operator has arranged stays.

use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Test::More;
use Strongroom;
use Strongroom::Host qw(own_host add_user);
use Strongroom::Proc qw(run);

plan skip_all => 'this build is for other directories'
    if index(slurp(program('strongroom')), "\0/etc/strongroom/") < 0;
my $why = own_host('/etc', '/var', '/usr/sbin', '/root');
plan skip_all => $why if $why;
plan skip_all => 'there is no runuser' if !-x '/usr/sbin/runuser';

my ($ETC, $DATA) = ('/etc/strongroom', '/var/lib/strongroom');
my $house = house(init => 0);
my $script = source() . '/debian/strongroom.postinst';
my $env = { PATH => '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL => 'C' };
add_user('strongroom', 990, '/var/lib/strongroom');

sub sh {
	my ($text) = @_;
	my $ran = run(cmd => ['/bin/sh', '-euc', $text], env => { %$env,
	    BUILD => program('.') });
	die "$text: $ran->{err}" if $ran->{exit} ne '0';
	return $ran->{out};
}

sh('install "$BUILD/strongroom" /usr/sbin/; rm -f /usr/sbin/adduser;'
    . 'printf "#!/bin/sh\n" >/usr/sbin/adduser; chmod 755 /usr/sbin/adduser');

# Configure it; with a number, kill it before that command of the script.
sub configure {
	my ($version, $at) = @_;
	return run(cmd => ['/bin/sh', $script, 'configure', $version],
	    env => $env) if !defined $at;
	return run(cmd => ['bash', '-c', 'set -T; n=0; '
	    . "trap '[ \$((n += 1)) -ne $at ] || kill -9 \$\$' DEBUG; "
	    . '. "$0" configure "$1"', $script, $version], env => $env);
}

sub forget {
	sh("rm -rf $ETC $DATA /var/backups/strongroom "
	    . '/etc/systemd/system/strongroom.service.d');
}

# What a version of before has left, and perhaps more of it.
sub before {
	my ($more) = @_;
	forget();
	sh("install -d -m 0700 -o strongroom -g strongroom $ETC $DATA "
	    . '/var/backups/strongroom;'
	    . "runuser -u strongroom env STRONGROOM_MASTER_KEY_FILE=$ETC/"
	    . 'master.key strongroom init 2>/dev/null');
	my $sum = sha256_hex(slurp("$ETC/master.key"));
	sh($more) if defined $more;
	return $sum;
}

# Mode, owner and group of each path; a file's content, where it is a key's.
sub look {
	my @seen;
	for my $path (split ' ', sh("find $ETC $DATA -maxdepth 2 | sort")) {
		next if $path =~ /-(?:wal|shm)\z|\.lock\z/;
		my @st = lstat $path;
		push @seen, sprintf '%s %04o %s:%s', $path, $st[2] & 07777,
		    scalar getpwuid $st[4], scalar getgrgid $st[5];
		$seen[-1] .= ' ' . sha256_hex(slurp($path)) if $path =~ /key\z/;
	}
	return join "\n", @seen;
}

sub wanted {
	my ($sum, @more) = @_;
	my $own = 'strongroom:strongroom';
	return join "\n", sort "$ETC 0755 root:root", "$ETC/keys 0700 $own",
	    "$ETC/keys/master.key 0600 $own $sum", "$DATA 0700 $own",
	    "$DATA/strongroom.db 0600 $own", @more;
}

sub is_well {
	my ($name) = @_;
	for my $user ('', 'runuser -u strongroom ') {
		my $ran = run(cmd => ['/bin/sh', '-c',
		    "exec ${user}strongroom check"], env => $env);
		is($ran->{exit}, 0, "$name: all opens" . ($user ? ' to the'
		    . " service's user" : ' to root')) || diag($ran->{err});
	}
}

# -- a new installation

forget();
my $ran = configure('');
is($ran->{exit}, 0, 'a new installation') || diag($ran->{err});
is(look(), wanted(sha256_hex(slurp("$ETC/keys/master.key"))),
    'has a configuration directory of root\'s, keys in one of their own');
is_well('a new installation');
my $was = look();
is(configure('0.1.0-1')->{exit}, 0, 'again');
is(look(), $was, 'changes nothing');

# -- a version of before

my $sum = before();
is(run(cmd => ['strongroom', 'key', 'list'], env => $env)->{exit}, 0,
    'before: root finds a database');
$ran = configure('0.1.0-1');
is($ran->{exit}, 0, 'an upgrade') || diag($ran->{err});
is(look(), wanted($sum), 'brings the key file to its own directory');
like($ran->{err}, qr{/etc/strongroom/master\.key is \S+/keys/master\.key now},
    'and says so');
is_well('upgraded');
$ran = configure('0.1.0-1');
is($ran->{exit}, 0, 'again');
unlike($ran->{err}, qr/^strongroom: /m, 'there is no more to say');
is(look(), wanted($sum), 'and nothing to do');

# Killed before each of its commands, and run again.
my $conf = "printf 'max_body = 8192\\n' >$ETC/strongroom.conf;"
    . "chown strongroom: $ETC/strongroom.conf; chmod 0600 $ETC/strongroom.conf";
my $at = 0;
my @wrong;
my $conf_is = "$ETC/strongroom.conf 0640 root:strongroom";
while ($at++ < 200) {
	$sum = before($conf);
	my $killed = configure('0.1.0-1', $at);
	my $there = grep { -e && sha256_hex(slurp($_)) eq $sum }
	    map { "$ETC/${_}master.key" } '', 'keys/';
	push @wrong, "killed at $at: $there key files" if $there != 1;
	my $read = run(cmd => ['runuser', '-u', 'strongroom', 'cat',
	    "$ETC/strongroom.conf"], env => $env);
	push @wrong, "killed at $at: the service cannot read: $read->{err}"
	    if $read->{exit} ne '0';
	last if $killed->{exit} eq '0';
	push @wrong, "at $at: $killed->{exit}"
	    if $killed->{exit} ne 'signal 9';
	my $again = configure('0.1.0-1');
	push @wrong, "after $at: $again->{exit} $again->{err}"
	    if $again->{exit} ne '0';
	push @wrong, "after $at: " . look() if look() ne wanted($sum, $conf_is);
}
cmp_ok($at, '>', 20, "killed at each of $at commands");
is(join("\n", @wrong), '', 'it always ends the same, once it may');
is_well('killed and run again');

# -- what the operator has arranged

# keeps(NAME, WHAT, {says, key}): the key file stays where he has it.
sub keeps {
	my ($name, $more, %o) = @_;
	$sum = before($more);
	my $ran = configure('0.1.0-1');
	is($ran->{exit}, 0, "$name: it is configured") || diag($ran->{err});
	is(sha256_hex(slurp($o{key})), $sum, "$name: the key file stays");
	is((stat $ETC)[4], $o{left} ? 990 : 0, "$name: the directory is "
	    . ($o{left} ? 'left, too' : "root's"));
	like($ran->{err}, $o{says}, "$name: and what to do is said")
	    if $o{says};
	is(run(cmd => ['runuser', '-u', 'strongroom', '--', 'env',
	    @{ $o{env} // [] }, 'strongroom', 'check'], env => $env)->{exit},
	    0, "$name: the service has it all");
}
keeps('a key file elsewhere', 'install -d -m 0700 -o strongroom /var/k;'
    . "mv $ETC/master.key /var/k/x; printf 'master_key_file = /var/k/x\\n' "
    . ">$ETC/strongroom.conf", key => '/var/k/x');
ok(!-e "$ETC/keys/master.key", 'and no other is made');
keeps('a key file by hand at the place of before',
    "printf 'master_key_file = \"$ETC/master.key\" # here\\n' "
    . ">$ETC/strongroom.conf", key => "$ETC/master.key", left => 1,
    says => qr/key file at \S+master\.key, and it is left there; .*chown root/);
keeps('the same by a drop-in of the unit',
    'mkdir -p /etc/systemd/system/strongroom.service.d; printf "[Service]\n'
    . "Environment=STRONGROOM_MASTER_KEY_FILE=$ETC/master.key A=b\\n\" "
    . '>/etc/systemd/system/strongroom.service.d/key.conf',
    key => "$ETC/master.key", left => 1, says => qr/is left there; .*chown/,
    env => ["STRONGROOM_MASTER_KEY_FILE=$ETC/master.key"]);
keeps('a key file that is in its directory already',
    "install -d -m 0700 -o strongroom $ETC/keys; cp -p $ETC/master.key "
    . "$ETC/keys/; printf other >$ETC/master.key",
    key => "$ETC/keys/master.key");
is(slurp("$ETC/master.key"), 'other', 'and another one that is there');
before("ln -s /root $ETC/keys");
configure('0.1.0-1');
ok(!-e '/root/master.key' && -e "$ETC/master.key",
    'a link for the directory is not followed');
forget();
sh("install -d -m 0750 -g strongroom $ETC");
configure('');
is(sprintf('%04o', (stat $ETC)[2] & 07777), '0750',
    'a directory of root\'s keeps its mode');
like(look(), qr{keys/master\.key 0600}, 'and there is a key file below it');

finish();
