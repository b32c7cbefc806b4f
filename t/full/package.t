#!/usr/bin/perl
# The Debian package: built from what "make dist" packs, judged by lintian,
# and installed, used, upgraded, removed and purged in a Debian of its own, with
# a systemd of its own.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(time);
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Machine qw(machine cannot load);
use Strongroom::Proc qw(run wait_until);

my $begun = time;
my $no = cannot();
BAIL_OUT("the package cannot be tested: $no") if $no;
my $house = house(init => 0);
my $dir = $house->{dir};
my $build = $ENV{SR_BUILD};
my %env = (%{ Strongroom::clean_env() }, HOME => $dir, DEBEMAIL => '');

sub note_time {
	note(sprintf '%s, %.0f s after the start', $_[0], time - $begun);
}

# Run it; dies with the end of what it said when it does not succeed.
sub must {
	my ($cmd, %o) = @_;
	my $done = run(cmd => ['sh', '-ec', $cmd], env => { %env,
	    %{ $o{env} // {} } }, seconds => 900);
	die "$cmd: " . substr("$done->{out}$done->{err}", -4000)
	    if $done->{exit} ne '0';
	return $done->{out} . $done->{err};
}

# Two versions, built one after the other in the same place.
must("make -s -C '$build' dist && mkdir '$dir/src' && "
    . "tar -xf '$build'/strongroom-[0-9]*.tar.xz -C '$dir/src'");
my ($source) = glob "$dir/src/strongroom-*";
my $newer = '99.0-1';

sub build {
	my ($options) = @_;
	must("cd '$source' && dpkg-buildpackage -b -us -uc", env => {
	    DEB_BUILD_OPTIONS => "parallel=2 noautodbgsym $options" });
	must("cd '$source' && debian/rules clean");
}

my $said = build('');
note_time('the package is built');
my ($deb) = glob "$dir/src/strongroom_0*.deb";
ok(defined $deb, 'dpkg-buildpackage makes the package') or BAIL_OUT('');
my ($changes) = glob "$dir/src/strongroom_*.changes";
my $lint = run(cmd => ['lintian', '--allow-root', '--fail-on', 'error',
    $changes], env => \%env, seconds => 300);
is($lint->{exit}, 0, 'lintian has no error to report')
    || diag("$lint->{out}$lint->{err}");
diag($lint->{out}) if length $lint->{out};

# The control: a package with a fault that lintian calls an error.
must("dpkg-deb -R '$deb' '$dir/faulty' && "
    . "sed -i 's/^Maintainer:.*/Maintainer: nobody/' '$dir/faulty/DEBIAN/control'"
    . " && dpkg-deb -b '$dir/faulty' '$dir/faulty.deb'");
is(run(cmd => ['lintian', '--allow-root', '--fail-on', 'error',
    "$dir/faulty.deb"], env => \%env, seconds => 300)->{exit}, 2,
    'which it has for a package without a maintainer');

spew("$source/debian/changelog", "strongroom ($newer) unstable; "
    . "urgency=medium\n\n  * Newer.\n\n -- The strongroom authors "
    . "<strongroom\@example.org>  Tue, 24 Nov 2026 21:00:00 +0000\n\n"
    . slurp("$source/debian/changelog"));
build('nocheck');
note_time('and a newer one');

# A Debian, with what the package depends on.
my @depends = map { s/\s*[(|].*//sr } split /,\s*/,
    must("dpkg-deb -f '$deb' Depends") =~ s/\s+\z//r;
my ($suite) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m;
my $cache = "$build/full-packages";
-d $cache || mkdir $cache or die "$cache: $!";
my $mirror = $ENV{SR_MIRROR} // 'http://deb.debian.org/debian';
must("debootstrap --variant=minbase --cache-dir='$cache' --include="
    . join(',', qw(systemd systemd-sysv dbus nginx-light curl ca-certificates),
    @depends) . " $suite '$dir/root' '$mirror'");
mkdir "$dir/root/srv/test" or die $!;
must("cp '$dir'/src/strongroom_*.deb '$dir/root/srv/test/' && "
    . "cp -r '$source/debian/tests' '$dir/root/srv/test/'");
my $host = machine(root => "$dir/root", log => "$dir/log/boot.log");
note_time('a Debian is up');

sub sh { $host->ok_run('sh', '-c', $_[0], { seconds => 300 }) }
sub is_true {
	my ($command, $name) = @_;
	my $done = $host->try('sh', '-c', $command);
	return ok($done->{exit} eq '0', $name)
	    || diag("$command: $done->{exit} $done->{out}$done->{err}");
}
sub is_owned {
	my ($path, $what) = @_;
	is($host->try('stat', '-c', '%a %U %G', $path)->{out}, "$what\n",
	    "$path: $what");
}
sub is_gone { is_true("! [ -e $_[0] ] && ! [ -L $_[0] ]", "$_[0] is gone") }
sub dpkg { sh("DEBIAN_FRONTEND=noninteractive dpkg $_[0] 2>&1") }
sub version { sh("dpkg-query -W -f '\${Version}' strongroom") }
my ($old_file, $new_file) = map { "/srv/test/" . (m{([^/]+)\z})[0] }
    $deb, glob "$dir/src/strongroom_$newer*.deb";

# Installed.
$said = dpkg("-i $old_file");
like($said, qr/key file \S+ made/, 'the installation makes the key file');
like(sh('getent passwd strongroom'), qr{:/var/lib/strongroom:\S*/nologin$},
    'there is a user for it, who cannot log in');
sub is_arranged {
	is_owned('/etc/strongroom', '755 root root');
	is_owned($_, '700 strongroom strongroom') for qw(/etc/strongroom/keys
	    /var/lib/strongroom /var/backups/strongroom);
	is_owned($_, '600 strongroom strongroom') for
	    '/etc/strongroom/keys/master.key',
	    '/var/lib/strongroom/strongroom.db';
}
is_arranged();
is_owned('/run/strongroom/strongroom.sock', '660 strongroom www-data');
for my $unit (qw(strongroom.socket strongroom.service
    strongroom-backup.timer)) {
	is($host->property($unit, 'ActiveState'), 'active', "$unit is active");
	is($host->try('systemctl', 'is-enabled', $unit)->{out}, "enabled\n",
	    "and enabled");
}
is($host->try('sh', '-c', 'systemd-analyze verify --man=no '
    . '/lib/systemd/system/strongroom*')->{err}, '',
    'systemd has nothing against the units');
unlike($host->journal('strongroom.service'), qr/ (?:warning|error) /,
    'and the service no complaint');
is_true("[ -s /usr/share/man/$_.gz ]", "manual page $_")
    for qw(man8/strongroom.8 man8/strongroom.fcgi.8 man5/strongroom.conf.5);
is_true("[ -s /etc/nginx/snippets/strongroom-$_.conf ]",
    "the snippet $_ is where nginx looks for it") for qw(locations settings);
is_true('[ -s /usr/share/strongroom/www/index.html ]', 'so is the page');
is_gone('/etc/nginx/sites-enabled/strongroom.conf');
is($host->try('bash', '-c', '. /usr/share/bash-completion/completions/'
    . 'strongroom && complete -p strongroom')->{out},
    "complete -F _strongroom strongroom\n", 'bash can complete it');

# Used: the package's own test, through nginx.
my $own = $host->try('sh', '/srv/test/tests/nginx', { seconds => 120 });
is($own->{exit}, 0, "the package's own test, by curl through nginx")
    || diag("$own->{out}$own->{err}");
like($own->{out}, qr/^PASS$/m, 'says so');

# Upgraded, while it serves.
my $key = sh('strongroom key create --user alice') =~ s/\s+\z//r;
my $socket = $host->path('/run/strongroom/strongroom.sock');
sub save {
	my ($name) = @_;
	return $house->fcgi(socket => $socket, key => $key, seconds => 60,
	    json => { name => $name, integration_type => 'jira',
	    unique_identifier => $name, auth_data => { access_token => $name }
	    });
}
sub rows { decode(sh('strongroom integration list --json')) }
sub sum_of { sh("sha256sum <$_[0]") }
my ($was_at, $is_at) = map { "/etc/strongroom/${_}master.key" } '', 'keys/';
my $key_file = sum_of($is_at);

# As a version before this one left it: configuration and key file in a
# directory of the service user's, by a service that has found them there.
my $conf = '/etc/strongroom/strongroom.conf';
sub arrange_as_before {
	sh("mv $is_at $was_at; rmdir /etc/strongroom/keys; "
	    . "printf 'max_body = 8192\n' >$conf; chmod 0600 $conf; "
	    . 'chown -R strongroom: /etc/strongroom; '
	    . 'chmod 0700 /etc/strongroom');
}
sh('systemctl stop strongroom.socket strongroom.service');
arrange_as_before();
sh("systemctl set-environment STRONGROOM_MASTER_KEY_FILE=$was_at; "
    . 'systemctl start strongroom.socket strongroom.service; '
    . 'systemctl unset-environment STRONGROOM_MASTER_KEY_FILE');
is($host->try('strongroom', 'key', 'list')->{exit}, 78,
    'as a version before had it, root does not go by it');
saved_ok(save('before'), 'a save before the upgrade');
is(version(), '0.1.0-1', 'the older version');
my $pid = $host->property('strongroom.service', 'MainPID');
my $done = load($house, 'upgrade', \&save);
my $served = sub {
	scalar(() = $host->journal('strongroom.service') =~ /status=200/g);
};
ok(wait_until(60, sub { $served->() > 50 }), 'clients save');
dpkg("-i $new_file");
my $seen = $served->();
ok(wait_until(60, sub { $served->() > $seen + 50 }), 'and still do');
my ($wrong, @saved) = $done->();
is(version(), $newer, 'after the upgrade to the newer version');
isnt($host->property('strongroom.service', 'MainPID'), $pid,
    'which has put its program into use');
is($wrong, 0, 'and which no request has noticed');
note(scalar(@saved) . ' saves during the upgrade');
is(sum_of($is_at), $key_file, 'the key file is the same');
is_gone($was_at);
is_arranged();
is_owned($conf, '640 root strongroom');
is(sh("cat $conf"), "max_body = 8192\n", 'and so is the configuration');
my %row = map { $_->{unique_identifier} => 1 } @{ rows() };
is(join(' ', grep { !$row{$_} } 'before', @saved), '',
    'and the database has every save');
is_true('strongroom check', 'all of which opens');

# The control: were the socket restarted as well, they would.
$done = load($house, 'socket', \&save);
sh('systemctl stop strongroom.service strongroom.socket; '
    . 'systemctl start strongroom.socket strongroom.service');
$seen = $served->();
wait_until(60, sub { $served->() > $seen + 50 });
($wrong) = $done->();
cmp_ok($wrong, '>', 0, 'which they do when the socket is restarted');
note("$wrong requests failed");

# Upgraded from a version whose schema was older.
SKIP: {
	my $fixture = Strongroom::source() . '/t/fixtures/schema-1';
	skip 'there is one schema so far', 1 if !-e "$fixture.sql";
	sh('systemctl stop strongroom.socket strongroom.service; '
	    . 'mkdir /root/aside; mv /var/lib/strongroom/* /root/aside; '
	    . "cp -p $is_at /root/aside");
	arrange_as_before();
	my %at = (db => "$dir/root/var/lib/strongroom/strongroom.db",
	    key => "$dir/root$was_at");
	must("sqlite3 '$at{db}' < '$fixture.sql' && "
	    . "base64 -d '$fixture.key.b64' > '$at{key}'");
	sh("chown strongroom: $was_at /var/lib/strongroom/strongroom.db; "
	    . "chmod 600 $was_at /var/lib/strongroom/strongroom.db");
	dpkg("-i $new_file");
	is($host->property('strongroom.service', 'ActiveState'), 'active',
	    'a database of schema 1 is brought up to date, and served');
	is_true('strongroom check', 'all of it opens');
	is_true('ls /var/lib/strongroom/*schema-1*', 'a copy of it stays');
	is_arranged();
	sh('systemctl stop strongroom.socket strongroom.service; '
	    . 'rm /var/lib/strongroom/*; '
	    . 'mv /root/aside/strongroom* /var/lib/strongroom/; '
	    . 'mv /root/aside/master.key /etc/strongroom/keys/; '
	    . 'systemctl start strongroom.socket strongroom.service');
}

# Removed, and installed again.
SKIP: {
	skip 'there is no "strongroom backup" yet', 1
	    if $host->try('strongroom', '--help')->{out} !~ /^\s+backup\b/m;
	is_true('systemctl start strongroom-backup.service', 'a backup');
	is(sh('ls /var/backups/strongroom | wc -l'), "1\n", 'is made');
}
sh('touch /var/backups/strongroom/kept');
my $count = @{ rows() };
dpkg('-r strongroom');
is_gone($_) for qw(/usr/sbin/strongroom.fcgi /run/strongroom/strongroom.sock
    /lib/systemd/system/strongroom.service);
is($host->try('pgrep', 'strongroom')->{out}, '', 'no process of it is left')
    if $host->try('sh', '-c', 'command -v pgrep')->{exit} eq '0';
is(sum_of($is_at), $key_file, 'removal leaves the key file');
is_owned('/var/lib/strongroom/strongroom.db', '600 strongroom strongroom');
dpkg("-i $new_file");
is(scalar @{ rows() }, $count, 'installed again, it has all of the database');
saved_ok(save('again'), 'and serves');

# Purged.
dpkg('-P strongroom');
is_gone($_) for qw(/etc/strongroom /var/lib/strongroom
    /etc/nginx/sites-available/strongroom.conf
    /etc/systemd/system/multi-user.target.wants/strongroom.service
    /etc/systemd/system/sockets.target.wants/strongroom.socket);
is_true('[ -e /var/backups/strongroom/kept ]', 'purge leaves the backups');
is($host->try('systemctl', '--failed', '--no-legend')->{out}, '',
    'and no unit that failed');
dpkg("-i $new_file");
isnt(sum_of($is_at), $key_file,
    'installed after a purge it has a key file of its own');
is_deeply(rows(), [], 'and an empty database');

# A machine where another key file waits already.
dpkg('-P strongroom');
for my $at ($is_at, $was_at) {
	sh('install -d -m 0700 -o strongroom ' . $at =~ s{/[^/]+\z}{}r
	    . "; printf precious >$at");
	dpkg("-i $new_file");
	is(sh("cat $is_at"), 'precious', "what is there as $at stays");
	is_gone('/var/lib/strongroom/strongroom.db');
	dpkg('-P strongroom') if $at eq $is_at;
}

# Without one of its libraries.
sh("rm -rf $is_at; "
    . 'runuser -u strongroom strongroom init 2>/dev/null; '
    . 'systemctl restart strongroom.socket strongroom.service');
is($host->property('strongroom.service', 'ActiveState'), 'active',
    'cured by hand');
sh('mkdir /root/away; mv /usr/lib/*/libconfuse.so.2* /root/away; '
    . 'systemctl restart strongroom.service || :');
ok(wait_until(20, sub {
	$host->property('strongroom.service', 'ActiveState') eq 'failed';
}), 'without a library it does not start');
like($host->journal('strongroom.service'),
    qr/error while loading shared libraries: libconfuse\.so\.2: cannot open/,
    'and the journal names it');

$host->end;
note_time('done');
finish();
