#!/usr/bin/perl
# Who may include, call and end what: the layers of src/, by grep.

use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use Test::More;

my $src = abs_path($ENV{SR_SRC} // dirname(abs_path(__FILE__)) . '/..')
    . '/src';
my %text;
for my $file (glob_files($src)) {
	open my $fh, '<', $file or die "$file: $!";
	local $/;
	$text{ basename($file) } = readline $fh;
}
cmp_ok(scalar keys %text, '>', 20, 'the sources are there');

# Glob patterns break on spaces; directory handles do not.
sub glob_files {
	my ($dir) = @_;
	opendir my $dh, $dir or die "$dir: $!";
	my @names = map { "$dir/$_" } grep { !/\A\./ } readdir $dh;
	return map { -d $_ ? glob_files($_) : /\.[ch]\z/ ? $_ : () } @names;
}

sub code_of {
	my ($text) = @_;
	$text =~ s{"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(/\*.*?\*/|//[^\n]*)}
	    {defined $1 ? ' ' : $& =~ /\A"/ ? '""' : "' '"}gse;
	return $text;
}

my %code = map { $_ => code_of($text{$_}) } keys %text;

sub includes {
	my ($file) = @_;
	return $text{$file} =~ /^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]/mg;
}

# Only files whose names match may include a header that matches.
sub only {
	my ($header, $who, $name) = @_;
	my @others = grep {
		my $file = $_;
		$file !~ $who && grep { $_ =~ $header } includes($file);
	} sort keys %text;
	is("@others", '', $name);
}

only(qr/\b(?:fcgiapp|fcgi_stdio|fcgios)\.h\z/, qr/\Agw_fcgi\.c\z/,
    'only gw_fcgi.c speaks to libfcgi');
only(qr/\bsqlite3\.h\z/, qr/\Adb(?:_copy|_query)?\.c\z/,
    'only db, db_copy and db_query speak to SQLite');
only(qr/\bsodium(?:\.h\z|\/)/,
    qr/\A(?:secret|keyfile|keyring|vault|apikey|parcel|recipient)\.c\z/,
    'only the modules for secrets speak to libsodium');
only(qr/\bjson(?:-c\/|_object|_token|_util|_visit)/, qr/json\w*\.c\z/,
    'only the JSON modules speak to json-c');
only(qr/\bconfuse\.h\z/, qr/\Aconf\.c\z/,
    'only conf.c speaks to libconfuse');

only(qr/\b(?:seccomp|landlock)\.h\z/, qr/\Asandbox\.c\z/,
    'only sandbox.c speaks to libseccomp and Landlock');

my $third = qr/\b(?:fcgi\w*|sqlite3|sodium|confuse|seccomp)\.h\z|\bjson-c\/|\bsodium\//;
only($third, qr/\.c\z/, 'no header of ours includes a third-party one');

sub only_calls {
	my ($call, $who, $name) = @_;
	my @others;
	for my $file (sort keys %code) {
		next if $file =~ $who;
		while ($code{$file} =~ /$call/g) {
			my $line = 1 + (substr($code{$file}, 0, $-[0]) =~ tr/\n//);
			push @others, "$file:$line: $&";
		}
	}
	is(join("\n", @others), '', $name);
}

only_calls(qr/\b(?:secure_)?getenv\s*\(|\benviron\b/,
    qr/\A(?:conf|gw_cgi|main_\w+)\.c\z/,
    'only conf, gw_cgi and main_* read the environment');
only_calls(qr/\b(?:_exit|_Exit|exit|quick_exit|abort)\s*\(/,
    qr/\Amain_\w+\.c\z/, 'only main_* ends the process');
only_calls(qr/\b(?:strcpy|strncpy|stpcpy|strcat|strncat|v?sprintf|gets)\s*\(/,
    qr/\A\z/, 'no copy without a bound');
only_calls(qr/\b(?:system|popen|exec[lv]p?e?)\s*\(/, qr/\A\z/,
    'no shell, no other program');
only_calls(qr/\b(?:rand|random|srand|drand48)\s*\(/, qr/\A\z/,
    'no guessable random numbers');
only_calls(qr/\bcrypto_\w*aead\w*\s*\(/, qr/\Avault\.c\z/,
    'only vault.c calls the cipher');
only_calls(qr/\bFCGX_\w+/, qr/\Agw_fcgi\.c\z/,
    'only gw_fcgi.c names libfcgi');
only_calls(qr/\bsqlite3_?\w*\s*\(/, qr/\Adb(?:_copy|_query)?\.c\z/,
    'only the SQLite store names SQLite');

# Line splicing would hide a whole include from the grep above.
my @spliced = grep { $text{$_} =~ /^[ \t]*#[ \t]*(?:include)?[ \t]*\\$/m }
    sort keys %text;
is("@spliced", '', 'no include is spread over two lines');

done_testing();
