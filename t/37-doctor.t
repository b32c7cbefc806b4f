#!/usr/bin/perl
# strongroom doctor: set-ups that are broken on purpose, one fault each. What
# is found is that fault, with its cure, and nothing else; a healthy set-up has
# no finding.

use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);
use Strongroom::Proc qw(run);

my $root = $> == 0;
my $me = getpwuid $>;
plan skip_all => 'the user that runs this has no name' if !defined $me;
plan skip_all => 'the clock of this machine is not set'
    if time < 1_704_067_200;	# which is what doctor would say
my $house = house();
chmod 0755, $house->{top}, $house->{dir}, "$house->{dir}/data",
    "$house->{dir}/keys" or die $!;
chmod 0644, $house->{conf} or die $!;
my $worker = $house->worker;
my $sock = $worker->{socket};
my $saved = saved_ok($house->fcgi(body =>
    with_auth('{"access_token":"a-token-to-look-for"}')), 'a save');
my $key = $house->key;
my $data = "$house->{dir}/data";
my $real_conf = slurp($house->{conf});
my $real_key = slurp($house->{master_key});
my $real_db = do {
	$house->admin_ok('backup', "$house->{dir}/real.db");
	slurp("$house->{dir}/real.db");
};

# A world of our own, so that this machine's disk is no finding.
my $made = run(cmd => ['cc', '-shared', '-fPIC', '-o', "$house->{dir}/world.so",
    source() . '/t/lib/world.c', '-ldl']);
is($made->{exit}, 0, 'a world to look at') || diag($made->{err});
my %world = (LD_PRELOAD => "$house->{dir}/world.so",
    ASAN_OPTIONS => join(':', grep { defined && length } $ENV{ASAN_OPTIONS},
    'verify_asan_link_order=0'));

my @web = ('--socket', $sock, '--web-user', $me, '--document-root',
    "$house->{dir}/www");

# doctor(args, {env}): the answer of --json, and the run.
sub doctor {
	my $o = ref $_[-1] ? pop : {};
	my $fds = delete $o->{fds};
	my ($args, $json) = (\@_, {});
	my $ran = run(cmd => [$fds ? ('/bin/sh', '-c',
	    "ulimit -n $fds && exec \"\$@\"", 'sh') : (),
	    program('strongroom'), '--config', $house->{conf}, 'doctor',
	    '--json', @$args], env => { Strongroom::clean_env(%world, %$o)
	    ->%* });
	is($ran->{err}, '', 'all is on standard output');
	$json = eval { decode($ran->{out}) } // diag($ran->{out}) && {};
	return ($json, $ran);
}

my @all;

# found(name, level, check, message, args...): this finding and no other.
sub found {
	my ($name, $level, $check, $like, @args) = @_;
	my ($json, $ran) = doctor(@args ? @args : @web);
	my @found = grep { $_->{level} ne 'ok' } @{ $json->{findings} // [] };
	is(join(', ', map { "$_->{level} $_->{check}" } @found),
	    "$level $check", "$name: $level, $check, and no more")
	    || diag(map { "$_->{finding}; $_->{cure}\n" } @found);
	my $said = $found[0] // { finding => '' };
	like($said->{finding}, $like, "$name: what it is");
	like($said->{cure} // '', qr/\w/, "$name: and a cure");
	my $bad = $level eq 'problem';
	is($ran->{exit}, $bad ? 1 : 0, "$name: exit " . ($bad ? 1 : 0));
	is($json->{problems}, $bad ? 1 : 0, "$name: counted");
	push @all, $ran->{out};
}

sub healthy {
	my ($name) = @_;
	my ($json, $ran) = doctor(@web);
	is(join("\n", map { "$_->{check}: $_->{finding}" }
	    grep { $_->{level} ne 'ok' } @{ $json->{findings} }), '',
	    "$name: no finding");
	is($ran->{exit}, 0, "$name: exit 0");
	return $json;
}

# -- the control

my %before = map { $_ => join ' ', (stat $_)[1, 2, 4, 5, 7, 9] }
    glob "'$data'/* '$house->{dir}'/keys/* '$data' '$house->{dir}'/keys";
my $json = healthy('the healthy set-up');
cmp_ok(@{ $json->{findings} }, '>=', 16, 'though all was looked at');
is_deeply([@$json{qw(problems warnings)}], [0, 0], 'counts are 0');
my ($sqlite) = grep { $_->{check} eq 'sqlite' } @{ $json->{findings} };
like($sqlite->{finding}, qr/\ASQLite 3\.\d+\.\d+/, "SQLite's version is told");
my $lines = run(cmd => [program('strongroom'), '--config', $house->{conf},
    'doctor', @web], env => Strongroom::clean_env(%world));
is($lines->{exit}, 0, 'as text: exit 0');
is(scalar(() = $lines->{out} =~ /^ok       \w[\w ]+: .+$/mg),
    scalar @{ $json->{findings} }, 'as text: a line for each');
like($lines->{out}, qr/^0 problems, 0 warnings\n\z/m, 'and the counts');
is_deeply({ map { $_ => join ' ', (stat $_)[1, 2, 4, 5, 7, 9] } keys %before },
    \%before, 'no file is another than before');

# -- the configuration

spew($house->{conf}, $real_conf . "\nno_such_key = 1\n");
found('a key that there is not', 'problem', 'configuration',
    qr/strongroom\.conf:\d+: .*no_such_key/);
spew($house->{conf}, $real_conf);
found('a configuration that is not there', 'problem', 'configuration',
    qr/none\.conf/, @web, '--config', "$house->{dir}/none.conf");
found('a variable that belongs to no key', 'warning', 'configuration',
    qr/\ASTRONGROOM_THRAEDS is a variable of no key/, @web,
    { STRONGROOM_THRAEDS => 'a-token-to-look-for' });
chmod 0666, $house->{conf} or die $!;
found('a configuration that others may change', 'problem', 'configuration',
    qr/may be changed by others \(mode 0666\)/);
chmod 0644, $house->{conf} or die $!;

# -- the key file

unlink $house->{master_key} or die $!;
found('no key file', 'problem', 'key file', qr/it is missing/);
spew($house->{master_key}, $real_key, 0644);
found('a key file that all may read', 'problem', 'key file',
    qr/others may read/);
chmod 0600, $house->{master_key} or die $!;
rename $house->{master_key}, "$house->{dir}/away.key" or die $!;
symlink "$house->{dir}/away.key", $house->{master_key} or die $!;
found('a link for a key file', 'problem', 'key file', qr/symbolic link/);
unlink $house->{master_key} or die $!;
my $other = house(name => 'other');
spew($house->{master_key}, slurp($other->{master_key}), 0600);
found('the key file of another service', 'problem', 'key of the database',
    qr/is not the one that database \S+ was sealed/);
spew($house->{master_key}, substr($real_key, 0, -1) . '!', 0600);
found('a damaged key file', 'problem', 'key file', qr/damaged/);
spew($house->{master_key}, $real_key, 0600);
chmod 0777, "$house->{dir}/keys" or die $!;
found('a key directory that all may change', 'problem', 'key directory',
    qr{directory \S+/keys may be changed by everybody \(mode 0777\)});
chmod 0755, "$house->{dir}/keys" or die $!;

# -- the web server

my $www = "$house->{dir}/www";
found('a document root with the database in it', 'problem', 'document root',
    qr/database \S+ lies in \Q$data\E/, @web[0 .. 3], '--document-root',
    $data);
found('a document root with the key file in it', 'problem', 'document root',
    qr/key file \S+ lies in/, @web[0 .. 3], '--document-root',
    "$house->{dir}/keys");
symlink $data, "$www/link" or die $!;
found('and by a link', 'problem', 'document root', qr/database/, @web[0 .. 3],
    '--document-root', "$www/link");
unlink "$www/link" or die $!;
found('a socket that is not there', 'problem', 'socket', qr/No such file/,
    '--socket', "$house->{dir}/none.sock", @web[2 .. 5]);
found('a socket that is none', 'problem', 'socket', qr/is no socket/,
    '--socket', $house->{conf}, @web[2 .. 5]);
my $dead = "$house->{dir}/dead.sock";
IO::Socket::UNIX->new(Type => SOCK_STREAM, Listen => 1, Local => $dead)
    ->close;
chmod 0660, $dead or die $!;
found('a socket that nobody listens on', 'problem', 'socket',
    qr/nobody listens/, '--socket', $dead, @web[2 .. 5]);
symlink $house->{dir}, "$www/way" or die $!;
my ($linked) = doctor('--socket', "$www/way/" . ($sock =~ s{.*/}{}r),
    @web[2 .. 5]);
is($linked->{problems}, 0, 'a socket by a link is found listening');
unlink "$www/way" or die $!;
chmod 0666, $sock or die $!;
found('a socket for everybody', 'problem', 'socket',
    qr/everybody on this machine .* \(mode 0666\)/);
chmod 0660, $sock or die $!;
found('a web server whose user there is not', 'problem', 'socket',
    qr/there is no user no-such-user/, @web[0, 1], '--web-user',
    'no-such-user', @web[4, 5]);
SKIP: {
	skip 'needs root', 18 if !$root;
	my $web = getpwuid(65534) // die 'no user 65534';
	my @theirs = (@web[0, 1], '--web-user', $web, @web[4, 5]);
	found("a socket that is not of the web server's group", 'problem',
	    'socket', qr/\Q$web\E, the web .* may not speak to/, @theirs);
	chown 0, (getpwuid 65534)[3], $sock or die $!;
	my ($json, $ran) = doctor(@theirs);
	is($ran->{exit}, 0, 'with its group it is reached');
	chmod 0750, $house->{dir} or die $!;
	found('a directory that the web server may not search', 'problem',
	    'socket', qr/may not search directory \Q$house->{dir}\E/,
	    @theirs);
	chmod 0755, $house->{dir} or die $!;
	chown 0, 0, $sock or die $!;
}

# -- the database

$house->stop_worker;
$worker = $house->worker;
splice @web, 1, 1, $worker->{socket};
# SQLite gives an empty log the database's mode whenever it opens the two, and
# its owner where root does: one with something in it keeps its mode, and what a
# worker opens by itself it has opened before it says that it serves.
saved_ok($house->fcgi(body => with_auth('{}')), 'a save to that one');
cmp_ok(-s "$house->{database}-wal", '>', 0, 'so its log is not empty');
chmod 0640, $house->{database} or die $!;
found('a database that its group may read', 'problem', 'database files',
    qr/strongroom\.db is open to others \(mode 0640\)/);
chmod 0600, $house->{database} or die $!;
chmod 0777, $data or die $!;
found('a data directory that all may change', 'problem', 'data directory',
    qr/may be changed by everybody \(mode 0777\)/);
chmod 0770, $data or die $!;
found('a data directory that its group may change', 'warning',
    'data directory', qr/may be changed by its group \(mode 0770\)/);
chmod 0755, $data or die $!;
SKIP: {
	skip 'needs root', 14 if !$root;
	my $opened = sub { my ($json) = doctor(@web);
		scalar grep { $_->{check} eq 'database' }
		    @{ $json->{findings} } };
	is($opened->(), 1, 'the database is opened');
	chown 65534, 65534, "$house->{database}-wal" or die $!;
	found('a log that belongs to another', 'problem', 'database files',
	    qr/-wal belongs to \S+, its directory to root/);
	is($opened->(), 0, 'and the database is not opened');
	chown 0, 0, "$house->{database}-wal" or die $!;
	chown 65534, 65534, $house->{dir} or die $!;
	my $above = spew("$house->{top}/above.conf", $real_conf, 0644);
	my ($json) = doctor(@web, '--config', $above);
	is(join(' ', sort map { $_->{check} } grep { $_->{level} eq 'problem' }
	    @{ $json->{findings} }), 'data directory key directory',
	    'a directory above that belongs to another: for both below it');
	chown 0, 0, $house->{dir} or die $!;
}
$house->stop_worker;

# Another database in its place, and no service.
sub put_database {
	my ($bytes, $sql) = @_;
	unlink map { "$house->{database}$_" } '', qw(-wal -shm);
	spew($house->{database}, $bytes, 0600) if defined $bytes;
	$house->tamper($sql) if defined $sql;
}
my @cgi = @web[2 .. 5];
my $usual = -e '/run/strongroom/strongroom.sock';
push @cgi, '--socket', $sock if $usual;
SKIP: {
	skip 'a service runs on this machine', 1 if $usual;
	put_database(undef);
	found('no database', 'problem', 'database files',
	    qr/database \S+: No such file/, @cgi);
	put_database('no database' x 1000);
	found('something else for a database', 'problem', 'database',
	    qr/not a database/, @cgi);
	put_database($real_db, 'PRAGMA user_version = 99');
	found('a newer schema', 'problem', 'database',
	    qr/has schema 99, newer than/, @cgi);
	put_database($real_db, "UPDATE integrations SET updated_at = "
	    . "'2199-01-01T00:00:00.000000'");
	found('a row of the future', 'problem', 'moments',
	    qr/1 rows are of the future, the newest of 2199-01-01/, @cgi);
	put_database($real_db);
	found('a clock that was set back', 'problem', 'moments',
	    qr/[2-9] rows are of the future/, @cgi,
	    { WORLD_SHIFT => -86400 });
	put_database($real_db, 'DELETE FROM integrations');
	$house->tamper('DELETE FROM api_keys');
	found('a clock that is not set', 'problem', 'clock',
	    qr/the clock says 19\d\d-/, @cgi,
	    { WORLD_SHIFT => 86400 * 365 * 28 - time });
	put_database($real_db);

	found('a network file system', 'warning', 'file system',
	    qr/is on a network file system: journal_mode=truncate/, @cgi,
	    { WORLD_FS_TYPE => '0x6969' });
	spew($house->{conf}, $real_conf . "\njournal_mode = wal\n");
	found('and a log on it', 'problem', 'file system',
	    qr/journal_mode=wal has no shared memory/, @cgi,
	    { WORLD_FS_TYPE => '0xff534d42' });
	spew($house->{conf}, $real_conf);
	found('a disk that is full', 'problem', 'disk space',
	    qr/has 31 MiB left/, @cgi, { WORLD_BLOCKS_LEFT => 8191 });
	found('a disk that is nearly full', 'warning', 'disk space',
	    qr/has 32 MiB left/, @cgi, { WORLD_BLOCKS_LEFT => 8192 });
	found('a disk without inodes', 'problem', 'disk space',
	    qr/has room for 3 more files/, @cgi, { WORLD_FILES_LEFT => 3 });
	found('a low limit of open files', 'warning', 'open files',
	    qr/leaves room for 160 of 4096 connections here/, @cgi, { fds => 200 });
}

my $text = join '', @all;
unlike($text, qr/a-token-to-look-for|\Q$key\E/, 'no secret is told');
is($house->admin('doctor', 'more')->{exit}, 2, 'doctor takes no word');
is($house->admin(qw(key list --socket x))->{exit}, 2,
    'nor others its options');

$house->worker;
splice @web, 1, 1, $house->{worker}{socket};
healthy('when all is cured');

finish();
