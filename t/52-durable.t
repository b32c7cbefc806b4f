#!/usr/bin/perl
# What was reported done is on the disk: whatever a command wrote or named when
# it ends with 0, and whatever a save wrote when it is answered, was synced.

use strict;
use warnings;
use MIME::Base64 qw(decode_base64);
use Test::More;
use Strongroom;
use Strongroom::Proc qw(start run reap);
use Strongroom::Trace;

my $house = house(init => 0);
my $dir = "$house->{dir}/disk";
mkdir $dir, 0700 or die "$dir: $!";
my ($trace, $why) = trace($dir);
plan skip_all => $why if !$trace;

sub nothing_lost {
	my ($name, %o) = @_;
	is(join("\n", $trace->lost(%o)), '', "$name: nothing would be lost");
}

# See that the files were written or put in place, and that nothing is lost.
sub did {
	my ($name, @files) = @_;
	for my $file (@files) {
		ok(scalar(grep { /^(?:write|rename)\t(?:.*\t)?\Q$file\E$/ }
		    $trace->lines), "$name: $file is seen to be written");
	}
	nothing_lost($name);
}

# command(name, [words], [files], options of admin): what it printed.
sub command {
	my ($name, $words, $files, %o) = @_;
	$trace->forget;
	my $ran = $house->admin(@$words, { %o,
	    env => { %{ $trace->env }, %{ $o{env} // {} } } });
	is($ran->{exit}, 0, "$name: exit 0") || diag($ran->{err});
	did($name, @$files);
	return $ran->{out};
}

# -- the command line

my $db = "$dir/far/off/strongroom.db";
my $log = "$db-wal";
my $key = "$dir/far/from/it/master.key";
$house->write_conf(database => $db, master_key_file => $key);
@$house{qw(database master_key)} = ($db, $key);
command('init', ['init'], [$key, $db]);
ok(scalar(grep { /^mkdir\t\Q$dir\E\/far\/from\/it$/ } $trace->lines),
    'init makes directories');
is(join("\n", grep { !/far\/off/ } $trace->lost(
    until => qr/^create\t\Q$db\E$/)), '', 'no database is begun before its '
    . 'key file and the directories of that are safe');

my $made = command('key create', [qw(key create --user u)], [$log]);
my $id = (split /_/, $made)[1];
command('key import', [qw(key import --user u)], [$log],
    stdin => 'a-key-of-another-system');
command('key revoke', ['key', 'revoke', $id], [$log]);
command('import', [qw(import --user u)], [$log], stdin => join '',
    map { qq({"name":"n","integration_type":"jira","unique_identifier":"$_",)
	. qq("auth_data":{"access_token":"t$_"}}\n) } 1 .. 5);

command('master-key rotate', [qw(master-key rotate)], [$key, $log]);
my @lines = $trace->lines;
my ($renamed) = grep { $lines[$_] =~ /^rename\t.*\t\Q$key\E$/ } 0 .. $#lines;
is(scalar(grep { /^write\t\Q$log\E$/ } @lines[0 .. $renamed]), 0,
    'the database is told of a master key when the key file has it');
ok((grep { $_ eq "sync\t$dir/far/from/it" } @lines[$renamed ..
    (grep { $_ > $renamed && $lines[$_] =~ /^write\t\Q$log\E$/ }
    0 .. $#lines)[0]]), 'and when that is safe');
my ($old) = map { /^(\w+)\s+old/ } split /\n/, $house->admin_ok(
    qw(master-key status));
command('master-key retire', ['master-key', 'retire', $old],
    [$key, $log]);
is(join("\n", grep { /strongroom\.db/ } $trace->lost(
    until => qr/^rename\t.*\t\Q$key\E$/)), '', 'which a master key leaves '
    . 'when it is safe that the database has done without');

my $backup = "$dir/backup.db";
command('backup', ['backup', $backup], [$backup]);
command('restore', ['restore', $backup, '--to', "$dir/new/place/of.db"],
    ["$dir/new/place/of.db"]);
my $public = command('recipient create', ['recipient', 'create',
    "$dir/recipient"], ["$dir/recipient"]);
chomp $public;
for my $how (['--recipient', $public], ['--in-clear']) {
	my ($file, $name) = ("$dir/export$how->[0]", "export $how->[0]");
	$trace->forget;
	my $pid = start(cmd => [program('strongroom'), '--config',
	    $house->{conf}, 'export', @$how], stdout => $file,
	    env => Strongroom::clean_env(%{ $trace->env }));
	is(reap($pid, 60), 0, "$name: exit 0");
	did($name, $file);
	cmp_ok(-s $file, '>', 500, "$name: there is something in it");
}

# An older database is copied beside itself first.
my $older = "$dir/older.db";
$made = run(cmd => ['sqlite3', '-batch', $older], env => { PATH => $ENV{PATH} },
    stdin => slurp(source() . '/t/fixtures/schema-1.sql'));
die "sqlite3: $made->{err}" if $made->{exit} ne '0';
chmod 0600, $older or die "$older: $!";
my $older_key = spew("$house->{dir}/older.key", decode_base64(slurp(source()
    . '/t/fixtures/schema-1.key.b64')), 0600);
command('migrate', ['migrate'], ["$older-wal"],
    env => { STRONGROOM_DATABASE => $older,
    STRONGROOM_MASTER_KEY_FILE => $older_key });
ok(scalar(grep { /^rename\t.*\t\Q$older\E\.schema-1-/ } $trace->lines),
    'migrate makes a copy');

# -- saves, and what hands out what was saved

# An answer that stands for a row of the audit does not come before that.
my $hands_out = $house->admin_ok(qw(key create --user v --scopes),
    'save,reveal,verify') =~ s/\n//r;
my $saved = saved_ok($house->cgi(key => $hands_out,
    body => with_auth('{"code":"c"}')), 'a save')->{integration_id};
my @handed_out = ([reveal => method => 'GET', path => 'auth_data'],
    ['sealed reveal' => path => 'auth_data/sealed',
    body => '{"public_key":"' . 'CQ' . 'A' x 41 . '"}'],
    ['verification that is false' => path => 'verify',
    body => '{"code":"x"}']);

sub hand_out {
	my ($name, $ask) = @_;
	for my $case (@handed_out) {
		my ($what, %request) = @$case;
		$trace->forget;
		is($ask->(key => $hands_out, %request,
		    path => SAVE =~ s{save\z}{$saved/$request{path}}r)
		    ->{status}, 200, "$name: a $what");
		ok(scalar(grep { /^write\t\Q$db\E/ } $trace->lines),
		    'is written');
		nothing_lost("$name: a $what");
	}
}

command('integration reveal', [qw(integration reveal), $saved], [$log]);

my $body = with_auth('{"access_token":"' . 'x' x 100_000 . '"}');
for my $mode (qw(wal truncate)) {
	$house->write_conf(database => $db, master_key_file => $key,
	    journal_mode => $mode);
	$trace->forget;
	for (1 .. 4) {
		saved_ok($house->cgi(body => $body, env => $trace->env),
		    "$mode: a save by CGI");
		nothing_lost("$mode: a save by CGI");
	}
	hand_out("$mode, CGI", sub { $house->cgi(@_, env => $trace->env) });
	my $worker = $house->worker(env => $trace->env);
	nothing_lost("$mode: a worker's start");
	hand_out("$mode, worker", sub { $house->fcgi(@_) });
	$trace->forget;
	# More than what makes a checkpoint, which is not waited for: the log
	# has what the database lacks.
	my @wrong;
	for my $n (1 .. 50) {
		my $saved = $house->fcgi(body => $body);
		push @wrong, "$n: $saved->{status}" if $saved->{status} != 200;
		push @wrong, map { "$n: $_" }
		    grep { $mode ne 'wal' || !/^\Q$db\E:/ } $trace->lost;
	}
	is(join("\n", @wrong), '', "$mode: what a worker has answered with 200 "
	    . 'would not be lost');
	is($house->stop_worker($worker)->{exit}, 0, "$mode: the worker ends");
	nothing_lost("$mode: a worker's end");
	cmp_ok(scalar(grep { /^write\t\Q$db\E$/ } $trace->lines), '>', 0,
	    "$mode: the database itself was written");
}
is($house->admin('check')->{exit}, 0, 'check finds no fault');

finish();
