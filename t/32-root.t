#!/usr/bin/perl
# The command line of root: whose configuration it takes, whose rights it goes
# on with, and who opens the files that the operator names.

use strict;
use warnings;
use Test::More;
use Strongroom;
use Strongroom::Json qw(decode);

plan skip_all => 'only root becomes another user' if $> != 0;

# A service whose files belong to another user, below a directory of root's.
my $uid = 65534;
my $house = house(init => 0);
my %dir = map { $_ => "$house->{dir}/$_" } qw(etc data keys);
mkdir $_, 0755 or die "$_: $!" for values %dir;
chmod 0755, $house->{top}, $house->{dir} or die $!;
chmod 0700, @dir{qw(data keys)} or die $!;
chown $uid, $uid, @dir{qw(data keys)} or die $!;
rename $house->{conf}, "$dir{etc}/strongroom.conf" or die $!;
$house->{conf} = "$dir{etc}/strongroom.conf";
chmod 0644, $house->{conf} or die $!;
$house->admin_ok('init');

# -- a configuration that others could replace

sub is_refused {
	my ($name, $says, @args) = @_;
	for my $words (['key', 'list'], ['init'], ['check', '--json']) {
		my $ran = $house->admin(@$words, @args);
		is($ran->{exit}, 78, "$name: @$words: exit 78");
		is($ran->{out}, '', 'nothing is done');
		like($ran->{err}, $says, 'and the cure is named');
		is(scalar(() = $ran->{err} =~ /\n/g), 1, 'in one line');
	}
	my $worker = $house->worker(ready => 0, args => \@args);
	is(Strongroom::Proc::reap($worker->{pid}, 60) >> 8, 78,
	    'nor does the service of root start');
	$worker->{stopped} = 1;
	my ($json) = decode($house->admin('doctor', '--json', @args)->{out});
	my @bad = grep { $_->{check} eq 'configuration' }
	    @{ $json->{findings} };
	is(scalar @bad, 1, 'doctor has one finding');
	is($bad[0]{level}, 'problem', 'which is a problem');
	like($bad[0]{cure}, qr/\Ach(?:own|mod) /, 'and its cure');
}

sub is_taken {
	my ($name, @args) = @_;
	is($house->admin('key', 'list', @args)->{exit}, 0, "$name is taken");
}

is_taken("a configuration of root's in a directory of root's");

# What it is about: the service's user writes where only root may.
my $goal = "$house->{dir}/root-only";
mkdir $goal, 0700 or die $!;
chown $uid, $uid, $dir{etc} or die $!;
my $kept = slurp($house->{conf});
unlink $house->{conf};
spew($house->{conf}, $kept =~ s{^database = .*}{database = "$goal/x.db"}mr
    =~ s{^master_key_file = .*}{master_key_file = "$goal/cron"}mr, 0644);
chown $uid, $uid, $house->{conf} or die $!;
my $ran = $house->admin('init');
is($ran->{exit}, 78, "a configuration of the service's user: exit 78");
ok(!-e "$goal/cron" && !-e "$goal/x.db", 'and nothing is made by it');
unlink $house->{conf}, glob "'$goal'/*";
spew($house->{conf}, $kept, 0644);

is_refused("a directory that is the service user's",
    qr{\Q$house->{conf}\E is refused .*: directory \Q$dir{etc}\E belongs to user $uid; chown it to root});
chown 0, 0, $dir{etc} or die $!;
chown $uid, $uid, $house->{conf} or die $!;
is_refused("a file that is the service user's",
    qr{: \Q$house->{conf}\E belongs to user $uid; chown it to root, or run});
chown 0, 0, $house->{conf} or die $!;
chmod 0664, $house->{conf} or die $!;
is_refused('a file that its group may write to',
    qr{may be changed by its group \(mode 0664\).*chmod go-w it});
chmod 0646, $house->{conf} or die $!;
is_refused('a file that all may write to', qr{may be changed by others});
chmod 0644, $house->{conf} or die $!;
chmod 0775, $dir{etc} or die $!;
is_refused('a directory that its group may write to',
    qr{directory \Q$dir{etc}\E may be changed by its group});
chmod 0755, $dir{etc} or die $!;
chown $uid, $uid, $house->{dir} or die $!;
is_refused('a directory above that is not root\'s',
    qr{directory \Q$house->{dir}\E belongs to user $uid});
chown 0, 0, $house->{dir} or die $!;

chmod 01777, $dir{etc} or die $!;
is_taken("root's own file in a directory such as /tmp");
chmod 0755, $dir{etc} or die $!;

# By links, and by a relative name.
my @link = ("$house->{dir}/safe.conf", "$house->{dir}/theirs/link.conf");
mkdir "$house->{dir}/theirs" or die $!;
symlink $house->{conf}, $_ or die $! for @link;
is_taken("a link in a directory of root's", '--config', $link[0]);
chown $uid, $uid, "$house->{dir}/theirs" or die $!;
is_refused('a link in a directory of another\'s',
    qr{directory \S+/theirs belongs to user $uid}, '--config', $link[1]);
rename $link[1], "$house->{dir}/theirs/x" or die $!;
symlink "$house->{dir}/theirs/x", $link[1] =~ s/theirs.//r or die $!;
is_refused('and by way of one', qr{directory \S+/theirs belongs to user $uid},
    '--config', "$house->{dir}/link.conf");

# Others than root trust themselves.
chown $uid, $uid, $dir{etc}, $house->{conf} or die $!;
my $theirs = Strongroom::Proc::run(cmd => ['setpriv', "--reuid=$uid",
    "--regid=$uid", '--clear-groups', program('strongroom'), '--config',
    $house->{conf}, 'key', 'list'], env => Strongroom::clean_env());
SKIP: {
	skip 'the build is out of its reach', 1
	    if $theirs->{err} =~ /^setpriv: .*(?:denied|No such)/m;
	is($theirs->{exit}, 0, 'its owner, if not root, takes it')
	    || diag($theirs->{err});
}
chown 0, 0, $dir{etc}, $house->{conf} or die $!;

# -- what init makes

is((stat $house->{$_})[4], $uid, "$_ is the service user's")
    for qw(database master_key);

sub mode_is {
	my ($path, $mode, $owner) = @_;
	my @st = stat $path;
	is(sprintf('%04o %d', ($st[2] // 0) & 07777, $st[4] // -1),
	    "$mode $owner", ($path =~ s{.*/}{}r) . " is $mode, of user $owner");
}

# The directory of the key file, where only root can make it.
for my $umask (0022, 0077) {
	my $new = house(init => 0, name => 'new');
	mkdir "$new->{dir}/data", 0700 or die $!;
	chown $uid, $uid, "$new->{dir}/data" or die $!;
	chmod 0755, $new->{top}, $new->{dir} or die $!;
	$new->write_conf(master_key_file => "$new->{dir}/a/b/keys/x.key");
	my $was = umask $umask;
	my $ran = $new->admin('init');
	umask $was;
	is($ran->{exit}, 0, sprintf 'init, umask %04o', $umask)
	    || diag($ran->{err});
	mode_is("$new->{dir}/a", '0755', 0);
	mode_is("$new->{dir}/a/b", '0755', 0);
	mode_is("$new->{dir}/a/b/keys", '0700', $uid);
	mode_is("$new->{dir}/a/b/keys/x.key", '0600', $uid);
	is($new->admin('master-key', 'rotate')->{exit}, 0,
	    'and the key can be replaced there');
}

# Where another may replace it root makes nothing for anybody.
my $odd = house(init => 0, name => 'odd');
mkdir "$odd->{dir}/$_", 0755 or die $! for qw(data theirs);
chown $uid, $uid, "$odd->{dir}/data" or die $!;
chown 65533, 65533, "$odd->{dir}/theirs" or die $!;
chmod 0755, $odd->{top}, $odd->{dir} or die $!;
$odd->write_conf(master_key_file => "$odd->{dir}/theirs/keys/x.key");
is($odd->admin('init')->{exit}, 1, 'init in the directory of a third');
ok(!-e "$odd->{dir}/theirs/keys", 'makes nothing there');

finish();
